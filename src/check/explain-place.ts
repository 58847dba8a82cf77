import { misvalued, plural } from './explain-case.ts';
import type { Case, Finding } from './explain-case.ts';

/** Sizes of tiles and workgroups. */
const TILES = [8, 16, 32, 64, 128, 256];
/** What lanes and threads handle at once. */
const QUAD = 4;

/** Only the end of an axis is wrong: what a guard or a last tile handles. */
export function edge(one: Case): Finding[] {
  const { shape, wrong, gpu, isWrong } = one;
  if (wrong.length === 0) return [];
  const axes = [...shape.entries()].map(([axis, size]) => ({
    size, name: shape.length < 2 ? 'element' : axis === shape.length - 1 ? 'column' : axis === shape.length - 2 ? 'row' : `entry along axis ${axis}`,
    stride: shape.slice(axis + 1).reduce((a, b) => a * b, 1),
  }));
  // The order of memory is an axis, too: lanes do not know rows.
  if (shape.length > 1) axes.push({ size: gpu.length, name: 'element', stride: 1 });
  let best: { text: string; atEnd: number } | undefined;
  for (const { size, name, stride } of axes) {
    if (size < 2) continue;
    const at = (i: number): number => Math.floor(i / stride) % size;
    const first = wrong.reduce((least, i) => Math.min(least, at(i)), size);
    if (first === 0) continue;
    let atEnd = 0;
    for (let i = 0; i < gpu.length; i++) if (at(i) >= first) atEnd++;
    const dense = wrong.length >= atEnd / 2;
    const inLastQuad = first >= QUAD * Math.floor((size - 1) / QUAD);
    const fromTile = TILES.some((tile) => first % tile === 0 && (dense || first + tile >= size));
    if (!inLastQuad && !fromTile && !(dense && first >= size / 2)) continue;
    const tail = size - first === 1 ? `the last ${name}` : `the last ${size - first} ${name}s`;
    const only = wrong.length === atEnd ? '' : ` (${plural(wrong.length, 'element')} of ${atEnd})`;
    // The smallest end that holds all that is wrong says most.
    if (!best || atEnd < best.atEnd) best = { atEnd, text: `wrong only in ${tail} of ${size}${only}: a guard or the last tile` };
  }
  return best ? [{ symptom: 'edge', text: best.text }] : runOfTiles(isWrong);
}

/** Whole workgroups in the order of memory are right, everything after them is wrong. */
function runOfTiles(isWrong: Uint8Array): Finding[] {
  const first = isWrong.indexOf(1);
  const whole = isWrong.subarray(first).every((flag) => flag === 1);
  return first > 0 && whole ? [{ symptom: 'edge', text: `right up to element ${first} and wrong from there to the end` }] : [];
}

/** A number for each element, by which a region may be told. */
interface Feature {
  readonly name: string;
  readonly value: ArrayLike<number>;
}

/** Wrong only where an input lies in some region. */
export function region(one: Case): Finding[] {
  if (misvalued(one).length === 0) return [];
  for (const { name, value } of features(one)) {
    const text = regionOf(one, value, name);
    if (text) return [{ symptom: 'region', text: `wrong only where ${text}` }];
  }
  return [];
}

/** The inputs and outputs of the work, and what arrives from above, element by element and row by row. */
function features(one: Case): Feature[] {
  const { snapshot: { graph }, references: { point, gradients }, work, meaning, gpu, shape } = one;
  const found: Feature[] = [];
  const columns = shape[shape.length - 1] ?? 1;
  const rows = gpu.length / columns;
  const add = (name: string, data: ArrayLike<number>, dataShape: readonly number[]): void => {
    if (data.length === gpu.length) found.push({ name, value: data });
    const width = dataShape[dataShape.length - 1] ?? 1;
    // One number for each row of the tensor.
    if (data.length === rows * width && data.length !== rows && rows > 1 && width > 1) found.push(...ofRows(name, data, width, gpu.length, columns));
    else if (data.length === rows && rows > 1 && columns > 1) found.push({ name: `${name} of its row`, value: Float64Array.from(gpu, (_, i) => data[Math.floor(i / columns)]) });
  };
  for (const index of work) {
    const { inputs, outputs } = graph.nodes[index];
    for (const id of Object.values(inputs)) add(graph.tensors[id].name, point.tensors[id].value, graph.tensors[id].shape);
    if (meaning.kind === 'value') continue;
    for (const id of Object.values(outputs)) {
      add(graph.tensors[id].name, point.tensors[id].value, graph.tensors[id].shape);
      const dout = gradients.get(id);
      if (dout) add(`d ${graph.tensors[id].name}`, dout.value, graph.tensors[id].shape);
    }
  }
  return found;
}

/** What is special about a row: its largest number, how far it stands out, and where it stands. */
function ofRows(name: string, data: ArrayLike<number>, width: number, length: number, columns: number): Feature[] {
  const rows = length / columns;
  const largest = new Float64Array(rows);
  const spread = new Float64Array(rows);
  const beyondLast = new Float64Array(rows);
  const place = new Float64Array(rows);
  const ties = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let max = -Infinity;
    let min = Infinity;
    for (let column = 0; column < width; column++) {
      const value = data[row * width + column];
      ties[row] = value === max ? ties[row] + 1 : value > max ? 0 : ties[row];
      if (value > max) place[row] = column;
      max = Math.max(max, value);
      min = Math.min(min, value);
    }
    largest[row] = max;
    spread[row] = max - min;
    beyondLast[row] = max - data[row * width + width - 1];
  }
  const spreadOut = (values: Float64Array): Float64Array => Float64Array.from({ length }, (_, i) => values[Math.floor(i / columns)]);
  return [
    { name: `the largest ${name} of the row`, value: spreadOut(largest) },
    { name: `the number of further maxima of ${name} in the row`, value: spreadOut(ties) },
    { name: `the largest ${name} of the row beyond its last`, value: spreadOut(beyondLast) },
    { name: `the range of ${name} in the row`, value: spreadOut(spread) },
    { name: `the column of the largest ${name} in the row`, value: spreadOut(place) },
  ];
}

/** Share of the region that must be wrong: some numbers in it may be right by chance, or too small to tell. */
const DENSITY = 0.7;

/** The region of one feature that holds all wrong elements and few others, in words; undefined where there is none. */
function regionOf({ wrong, isWrong, gpu, value: right, meaning }: Case, value: ArrayLike<number>, name: string): string | undefined {
  const n = isWrong.length;
  const candidates: [inside: (v: number) => boolean, text: string, special: boolean][] = [];
  let low = Infinity;
  let high = -Infinity;
  let near = Infinity;
  let far = 0;
  for (const i of wrong) {
    low = Math.min(low, value[i]);
    high = Math.max(high, value[i]);
    near = Math.min(near, Math.abs(value[i]));
    far = Math.max(far, Math.abs(value[i]));
  }
  const shown = (v: number): string => String(Number(v.toPrecision(3)));
  candidates.push(
    [(v) => v === 0, `${name} is exactly 0`, true],
    [(v) => v < 0, `${name} < 0`, true],
    [(v) => v > 0, `${name} > 0`, true],
    [(v) => v <= 0, `${name} ≤ 0`, true],
    [(v) => v >= 0, `${name} ≥ 0`, true],
    [(v) => Math.abs(v) >= near, `|${name}| ≥ ${shown(near)}`, false],
    [(v) => v >= low, `${name} ≥ ${shown(low)}`, false],
    [(v) => v <= high, `${name} ≤ ${shown(high)}`, false],
    [(v) => Math.abs(v) <= far, `|${name}| ≤ ${shown(far)}`, false],
    [(v) => Math.abs(v) >= near && Math.abs(v) <= far, `${shown(near)} ≤ |${name}| ≤ ${shown(far)}`, false],
    [(v) => v >= low && v <= high, `${shown(low)} ≤ ${name} ≤ ${shown(high)}`, false],
  );
  for (const [inside, text, special] of candidates) {
    let count = 0;
    let outside = 0;
    for (let i = 0; i < n; i++) {
      if (inside(value[i])) count++;
      // Where a gradient is 0 whatever the formula, its being right tells nothing.
      else if (meaning.kind === 'value' || gpu[i] !== 0 || right[i] !== 0 && Math.abs(right[i]) > 1e-30) outside++;
    }
    // A region must hold all that is wrong and leave something out; a threshold made to measure must leave out more.
    if (!wrong.every((i) => inside(value[i])) || wrong.length < DENSITY * count) continue;
    if (special ? outside >= 1 && (outside >= 2 || wrong.length > 1) : wrong.length >= 3 && outside >= Math.max(3, n / 10)) return text;
  }
  return undefined;
}
