import type { Sample } from '../protocol.ts';
import { classColour, css, type Palette } from './palette.ts';

type Images = Extract<Sample, { kind: 'images' }>;

export const columns = 8;

const thumbnail = document.createElement('canvas');

/** The most probable class of each image; −1 where no probability is a number. */
export function readings({ labels, classes }: Images, probabilities: Float32Array): number[] {
  return Array.from(labels, (_, i) => {
    const row = probabilities.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b), -Infinity));
  });
}

/** Thumbnails, each with the digit that was read; a wrong one says so in a sign and in words, not only in colour. */
export function paintImages(context: CanvasRenderingContext2D, width: number, height: number, sample: Images, probabilities: Float32Array | undefined, colours: Palette): void {
  const inner = thumbnail.getContext('2d');
  if (!inner) return;
  const { side, pixels, labels } = sample;
  const read = probabilities ? readings(sample, probabilities) : [];
  const rows = Math.ceil(labels.length / columns);
  const cell = { width: width / columns, height: height / rows };
  const text = Math.max(11, Math.min(15, cell.width * 0.24));
  const size = Math.min(cell.width - 6, cell.height - text - 8);
  thumbnail.width = thumbnail.height = side;
  context.imageSmoothingEnabled = false;
  context.font = `600 ${text}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  labels.forEach((label, i) => {
    const left = (i % columns) * cell.width + (cell.width - size) / 2;
    const top = Math.floor(i / columns) * cell.height + 3;
    const image = inner.createImageData(side, side);
    for (let p = 0; p < side * side; p += 1) {
      image.data.fill(255 - pixels[i * side * side + p], 4 * p, 4 * p + 3);
      image.data[4 * p + 3] = 255;
    }
    inner.putImageData(image, 0, 0);
    context.drawImage(thumbnail, left, top, size, size);
    if (!probabilities) return;
    const right = read[i] === label;
    context.strokeStyle = css(classColour(colours, right ? 0 : 1));
    context.lineWidth = right ? 1 : 2.5;
    context.strokeRect(left, top, size, size);
    context.fillStyle = right ? colours.ink : css(classColour(colours, 1));
    context.fillText(right ? String(label) : `✗ ${read[i] < 0 ? '–' : read[i]} (${label})`, left + size / 2, top + size + text + 3);
  });
}
