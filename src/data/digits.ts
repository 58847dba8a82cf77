import { checkNumber, checkOptionNames, OptionError, show } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { type Glyph, glyphs } from './glyphs.ts';
import { RandomStream, randomStreams } from './philox.ts';

const side = 28;
/** Segments between two points of a stroke: on a digit of 20 pixels, shorter ones could not be told apart. */
const segments = 5;

/**
 * Handwritten-looking digits, drawn from strokes: no file, no download. Grey values in [0, 1], white on black, 28 × 28,
 * about 20 pixels high with the centre of mass near the middle, as in MNIST. Each ten examples hold every digit once, in
 * random order, and the first n examples do not depend on `count`.
 * @param options.count Number of digits: an integer in [1, 1,000,000]. Default 1000.
 * @param options.seed Integer in [0, Number.MAX_SAFE_INTEGER]. Default 0.
 * @param options.flatten true: inputs [784] (row-major); false: [1, 28, 28]. Default true.
 * @throws OptionError where an option is unknown or out of range.
 */
export function digits(options: { count?: number; seed?: number; flatten?: boolean } = {}): Dataset {
  checkOptionNames('digits', options, ['count', 'seed', 'flatten']);
  const { count = 1000, seed = 0, flatten = true } = options;
  checkNumber('digits', 'count', count, { min: 1, max: 1_000_000, integer: true });
  checkNumber('digits', 'seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  if (typeof flatten !== 'boolean') throw new OptionError('digits', 'flatten to be true or false', show(flatten));
  const random = new RandomStream(seed, randomStreams.data);
  const inputs = new Float32Array(count * side * side);
  const targets = new Uint32Array(count);
  let order = random.permutation(10);
  for (let i = 0; i < count; i++) {
    if (i > 0 && i % 10 === 0) order = random.permutation(10);
    targets[i] = order[i % 10];
    draw(inputs.subarray(i * side * side, (i + 1) * side * side), targets[i], random);
  }
  return {
    name: 'digits', length: count, inputs, inputShape: flatten ? [side * side] : [1, side, side], targets, targetShape: [], classes: 10,
  };
}

/** A curve as points (x, y, x, y, …) in a unit box, later in pixels. */
type Path = Float64Array;

function draw(pixels: Float32Array, digit: number, random: RandomStream): void {
  const paths = pick(glyphs[digit], random).strokes.map((stroke) => curve(jitter(stroke, random)));
  deform(paths, random);
  fit(paths, random);
  // Pens differ from writer to writer, pressure from stroke to stroke and along a stroke.
  const pen = random.uniform(0.85, 1.75);
  for (const path of paths) ink(pixels, path, pen * random.uniform(0.9, 1.1), random.uniform(-0.25, 0.25), random.uniform(0, 6.3));
}

function pick(ways: readonly Glyph[], random: RandomStream): Glyph {
  let rest = random.uniform(0, ways.reduce((sum, { weight }) => sum + weight, 0));
  return ways.find(({ weight }) => (rest -= weight) < 0) ?? ways[0];
}

function jitter(stroke: readonly (readonly [number, number])[], random: RandomStream): [number, number][] {
  const out: [number, number][] = [];
  stroke.forEach(([x, y], i) => {
    const previous = stroke[i - 1];
    // A corner is one point given twice: both must move together.
    const isCorner = i > 0 && previous[0] === x && previous[1] === y;
    out.push(isCorner ? out[i - 1] : [x + random.normal(0, 0.03), y + random.normal(0, 0.025)]);
  });
  return out;
}

/** The Catmull–Rom curve through the points: E. Catmull, R. Rom, "A class of local interpolating splines", 1974. */
function curve(points: readonly (readonly [number, number])[]): Path {
  const path: number[] = [...points[0]];
  for (let i = 0; i + 1 < points.length; i++) {
    const [p1, p2] = [points[i], points[i + 1]];
    if (p1 === p2) continue;
    const p0 = points[i - 1] ?? p1;
    const p3 = points[i + 2] ?? p2;
    for (let s = 1; s <= segments; s++) {
      const t = s / segments;
      for (const axis of [0, 1]) {
        path.push(p1[axis] + 0.5 * t * (p2[axis] - p0[axis]
          + t * (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis] + t * (3 * (p1[axis] - p2[axis]) + p3[axis] - p0[axis]))));
      }
    }
  }
  return Float64Array.from(path);
}

/** The hand: width, slant, rotation and slow waves over the whole digit, so that strokes that met still meet. */
function deform(paths: readonly Path[], random: RandomStream): void {
  const width = random.uniform(0.6, 1.1);
  const slant = random.normal(0.14, 0.2);
  const angle = random.normal(0, 0.08);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const wave = () => ({ height: random.normal(0, 0.035), pitch: random.uniform(2, 6), phase: random.uniform(0, 2 * Math.PI) });
  const [waveX, waveY] = [wave(), wave()];
  for (const path of paths) {
    for (let i = 0; i < path.length; i += 2) {
      const across = path[i] - 0.5;
      const down = path[i + 1] - 0.5;
      const x = width * (across + waveX.height * Math.sin(waveX.pitch * down + waveX.phase)) - slant * down;
      const y = down + waveY.height * Math.sin(waveY.pitch * across + waveY.phase);
      path[i] = cos * x - sin * y;
      path[i + 1] = sin * x + cos * y;
    }
  }
}

/** Into pixels: at most about 20 high and wide, the middle of the ink near the middle of the picture. */
function fit(paths: readonly Path[], random: RandomStream): void {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  const sum = [0, 0];
  let count = 0;
  for (const path of paths) {
    for (let i = 0; i < path.length; i++) {
      low[i % 2] = Math.min(low[i % 2], path[i]);
      high[i % 2] = Math.max(high[i % 2], path[i]);
      sum[i % 2] += path[i];
    }
    count += path.length / 2;
  }
  const scale = (18 * random.uniform(0.84, 1.04)) / Math.max(high[0] - low[0], high[1] - low[1]);
  for (const axis of [0, 1]) {
    // The whole digit stays inside, with room for the pen, whatever the shift.
    const wanted = side / 2 + random.normal(0, 0.7) - (scale * sum[axis]) / count;
    const offset = Math.min(Math.max(wanted, 3 - scale * low[axis]), side - 3 - scale * high[axis]);
    for (const path of paths) {
      for (let i = axis; i < path.length; i += 2) path[i] = scale * path[i] + offset;
    }
  }
}

/**
 * Draws a path with a round pen: each pixel gets the coverage of the nearest segment, from 1 inside to 0 outside over
 * 1.2 pixels. The radius goes from pen · (1 − taper) to pen · (1 + taper) with a slow wave on it.
 */
function ink(pixels: Float32Array, path: Path, pen: number, taper: number, phase: number): void {
  const count = path.length / 2 - 1;
  for (let i = 0; i < count; i++) {
    const along = i / count;
    const radius = Math.max(pen * (1 + taper * (2 * along - 1) + 0.1 * Math.sin(7 * along + phase)), 0.55);
    const [ax, ay, bx, by] = [path[2 * i], path[2 * i + 1], path[2 * i + 2], path[2 * i + 3]];
    const [dx, dy] = [bx - ax, by - ay];
    const inverse = 1 / Math.max(dx * dx + dy * dy, 1e-12);
    const reach = radius + 0.6;
    const [left, right] = [Math.max(Math.floor(Math.min(ax, bx) - reach), 0), Math.min(Math.ceil(Math.max(ax, bx) + reach), side)];
    const [top, bottom] = [Math.max(Math.floor(Math.min(ay, by) - reach), 0), Math.min(Math.ceil(Math.max(ay, by) + reach), side)];
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const [px, py] = [column + 0.5 - ax, row + 0.5 - ay];
        const t = Math.min(Math.max((px * dx + py * dy) * inverse, 0), 1);
        const distance = Math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2);
        const coverage = (reach - distance) / 1.2;
        const at = row * side + column;
        if (coverage > pixels[at]) pixels[at] = Math.min(coverage, 1);
      }
    }
  }
}
