import { numberText, type HalfSpec } from './kernel.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/** Rows and columns: sizes, strides, paddings. */
export type Pair = readonly [rows: number, columns: number];

/** A window that moves over the rows and columns of a plane. */
export interface Window {
  /** The plane that it moves over. */
  readonly input: Pair;
  /** How many places it takes. */
  readonly output: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  /** Rows above and columns to the left that the plane does not have. */
  readonly padding: Pair;
  readonly dilation: Pair;
}

/** A convolution in PyTorch's terms, whichever way it is run. Channels are those of one group. */
export interface Convolution extends Window, HalfSpec {
  readonly batch: number;
  readonly groups: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/** A pointwise convolution has no rows: one long row keeps the blocks of columns full. */
export function flattened<Spec extends Convolution>(spec: Spec): Spec {
  const { kernel, stride, padding, input: [rows, columns], output } = spec;
  const isPointwise = [...kernel, ...stride].every((size) => size === 1) && [...padding, rows - output[0], columns - output[1]].every((size) => size === 0);
  return isPointwise ? { ...spec, input: [1, rows * columns], output: [1, rows * columns] } : spec;
}

/** The length of a lane's block along an axis: a multiple of `step` near `wanted`, such that the last block is nearly full. */
export function blockLength(size: number, wanted: number, step = 1): number {
  const steps = Math.ceil(size / step);
  const blocks = Math.ceil(steps / Math.max(1, Math.floor(wanted / step)));
  return Math.ceil(steps / blocks) * step;
}

/** Names for the parts of `from`, the fastest first: `let row = lane / 4u % 28u;`. A part of size 1 is 0. */
export function decode(from: string, parts: readonly (readonly [name: string, size: number])[], indentation = '  '): string {
  let divide = 1;
  const total = parts.reduce((product, [, size]) => product * size, 1);
  return lines(parts.length, (index) => {
    const [name, size] = parts[index];
    const quotient = divide === 1 ? from : `${from} / ${divide}u`;
    divide *= size;
    return `let ${name} = ${size === 1 ? '0u' : divide === total ? quotient : `${quotient} % ${size}u`};`;
  }, indentation);
}

/** `text + 2u` or `text - 2u`: below 0 it wraps round, and is outside of every range. */
export function shifted(text: string, offset: number): string {
  return offset < 0 ? `${text} - ${-offset}u` : plus(text, offset);
}

/** Where element `kernel` of the window at `place` stands, along one axis: place · stride + kernel · dilation − padding. */
export function tapText({ stride, padding, dilation }: Window, axis: 0 | 1, place: string, kernel: string): string {
  return shifted(`${times(place, stride[axis])} + ${times(kernel, dilation[axis])}`, -padding[axis]);
}

/** One number, or two to four: the channels that a lane makes at once. */
export const VECTORS = ['f32', 'vec2f', 'vec3f', 'vec4f'] as const;

/** The numbers of several channels as one value. */
export function gather(count: number, element: (index: number) => string): string {
  return count === 1 ? element(0) : `${VECTORS[count - 1]}(${Array.from({ length: count }, (_, index) => element(index)).join(', ')})`;
}

/** One channel of such a value. */
export function component(name: string, index: number, count: number): string {
  return count === 1 ? name : `${name}.${'xyzw'[index]}`;
}

/** Registers that hold neighbours of one row, as they are loaded: `offset` columns from where the block begins. */
export interface Register {
  readonly offset: number;
  /** Whether the column may lie outside for a result that is kept (it counts as 0), or only for one that is not. */
  readonly outside: 'never' | 'unused' | 'padding';
}

/**
 * The columns of one row that a block of `length` results and `taps` kernel columns needs. `offsetOf` says where the tap of a
 * result stands, from where the block begins; undefined where they never meet. Block number b begins at b · step.
 */
export function registersOf(
  { length, blocks, results, step, columns }: { length: number; blocks: number; results: number; step: number; columns: number },
  taps: number, offsetOf: (result: number, tap: number) => number | undefined,
): Register[] {
  const found = new Map<number, Register['outside']>();
  const rank = { never: 0, unused: 1, padding: 2 };
  for (let result = 0; result < length; result += 1) {
    for (let tap = 0; tap < taps; tap += 1) {
      const offset = offsetOf(result, tap);
      if (offset === undefined) continue;
      let outside: Register['outside'] = found.get(offset) ?? 'never';
      for (let block = 0; block < blocks; block += 1) {
        const column = block * step + offset;
        if (column >= 0 && column < columns) continue;
        const seen = block * length + result < results ? 'padding' : 'unused';
        if (rank[seen] > rank[outside]) outside = seen;
      }
      found.set(offset, outside);
    }
  }
  return [...found].sort(([a], [b]) => a - b).map(([offset, outside]) => ({ offset, outside }));
}

/** Where the registers' columns stand and whether they are there, once for all rows. */
export function registerColumns(registers: readonly Register[], begin: string, columns: number, name: string, indentation: string): string {
  return registers.flatMap(({ offset, outside }, index) => {
    const at = shifted(begin, offset);
    if (outside === 'never') return [`let ${name}Column${index} = ${at};`];
    const clamped = `let ${name}Column${index} = min(${at}, ${columns - 1}u);`;
    return outside === 'unused' ? [clamped] : [clamped, `let ${name}Inside${index} = ${at} < ${columns}u;`];
  }).join(`\n${indentation}`);
}

/** The load of one register from the row that begins at `start`. */
export function registerLoad({ outside }: Register, index: number, spec: HalfSpec, binding: string, start: string, name: string): string {
  const load = numberText(spec, binding, `${start} + ${name}Column${index}`);
  return outside === 'padding' ? `select(0.0, ${load}, ${name}Inside${index})` : load;
}

/** Statements one below the other, without the empty ones. */
export function block(statements: readonly string[], indentation: string): string {
  return statements.filter((statement) => statement !== '').join(`\n${indentation}`);
}

/** `if (condition) { body }`, or just the body where there is no condition. */
export function guarded(condition: string, body: (indentation: string) => string, indentation: string): string {
  if (condition === '') return body(indentation);
  return wgsl`
if (${condition}) {
${indentation}  ${body(`${indentation}  `)}
${indentation}}`.trim();
}
