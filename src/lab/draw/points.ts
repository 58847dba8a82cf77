import type { Sample, View } from '../protocol.ts';
import { classColour, css, type Palette } from './palette.ts';

type Points = Extract<Sample, { kind: 'points' }>;
type Curve = Extract<Sample, { kind: 'curve' }>;

/** The surface is made in its own size and stretched: the browser blends between the places that the net was asked about. */
const surface = document.createElement('canvas');

/** Strength of the class colours behind the points. */
const strength = 0.55;

export function paintSurface(context: CanvasRenderingContext2D, size: number, { classes }: Points, grid: number, values: Float32Array, colours: Palette): void {
  const inner = surface.getContext('2d');
  if (!inner) return;
  surface.width = surface.height = grid;
  const image = inner.createImageData(grid, grid);
  for (let cell = 0; cell < grid * grid; cell += 1) {
    // The grid starts at the bottom, the image at the top.
    const row = grid - 1 - Math.floor(cell / grid);
    const pixel = 4 * (row * grid + (cell % grid));
    for (let channel = 0; channel < 3; channel += 1) {
      let mixed = 0;
      for (let k = 0; k < classes; k += 1) mixed += values[cell * classes + k] * classColour(colours, k)[channel];
      // A tie is the ground's colour: the border shows where the net is unsure.
      const sure = Math.abs(2 * Math.max(...values.subarray(cell * classes, (cell + 1) * classes)) - 1);
      const weight = strength * (classes === 2 ? 0.25 + 0.75 * sure : 0.8);
      image.data[pixel + channel] = colours.ground[channel] * (1 - weight) + mixed * weight;
    }
    image.data[pixel + 3] = 255;
  }
  inner.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'high';
  context.drawImage(surface, 0, 0, size, size);
}

function placer({ left, right, bottom, top }: View, width: number, height: number): (x: number, y: number) => [number, number] {
  return (x, y) => [((x - left) / (right - left)) * width, ((top - y) / (top - bottom)) * height];
}

/** Marks by class, so that nobody needs the colours: ○ △ □ ◇. */
export function mark(context: CanvasRenderingContext2D, kind: number, x: number, y: number, r: number): void {
  context.beginPath();
  switch (kind % 4) {
    case 0:
      context.arc(x, y, r, 0, 2 * Math.PI);
      break;
    case 1:
      context.moveTo(x, y - 1.25 * r);
      context.lineTo(x + 1.15 * r, y + 0.85 * r);
      context.lineTo(x - 1.15 * r, y + 0.85 * r);
      break;
    case 2:
      context.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
      break;
    default:
      context.moveTo(x, y - 1.3 * r);
      context.lineTo(x + 1.3 * r, y);
      context.lineTo(x, y + 1.3 * r);
      context.lineTo(x - 1.3 * r, y);
  }
  context.closePath();
}

export function paintPoints(context: CanvasRenderingContext2D, size: number, { inputs, labels, view }: Points, colours: Palette): void {
  const place = placer(view, size, size);
  context.lineWidth = 1;
  context.strokeStyle = css(colours.ground, 0.9);
  labels.forEach((label, i) => {
    const [x, y] = place(inputs[2 * i], inputs[2 * i + 1]);
    mark(context, label, x, y, 3.6);
    context.fillStyle = css(classColour(colours, label));
    context.fill();
    context.stroke();
  });
}

export function paintCurve(context: CanvasRenderingContext2D, width: number, height: number, { inputs, targets, view }: Curve, values: Float32Array | undefined, colours: Palette): void {
  const place = placer(view, width, height);
  context.strokeStyle = colours.faint;
  context.lineWidth = 1;
  for (const [from, to] of [[place(view.left, 0), place(view.right, 0)], [place(0, view.bottom), place(0, view.top)]]) {
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  }
  context.fillStyle = css(classColour(colours, 0), 0.55);
  inputs.forEach((x, i) => {
    mark(context, 0, ...place(x, targets[i]), 2.6);
    context.fill();
  });
  if (!values) return;
  context.strokeStyle = css(classColour(colours, 1));
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.beginPath();
  values.forEach((y, i) => context.lineTo(...place(view.left + ((view.right - view.left) * (i + 0.5)) / values.length, y)));
  context.stroke();
}
