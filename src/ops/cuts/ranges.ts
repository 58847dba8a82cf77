import { drawOf, type Access, type ChainStep } from '../../../shaders/chain.wgsl.ts';
import type { Cutting } from '../cut.ts';
import { sizeOf, type Tensor } from '../tensor.ts';

// What the rules for cutting share: ranges of an axis, and what an operand is bound as where only a range of rows and columns is read.

/** A binding starts at a multiple of 256 bytes: so many elements. */
export const unitOf = ({ half }: Pick<Tensor, 'half'>): number => (half ? 128 : 64);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
export const lcm = (a: number, b: number): number => (a / gcd(a, b)) * b;

/** Of how many pieces with so many elements each a range begins where a binding may begin. */
export const stepOf = (tensor: Pick<Tensor, 'half'>, elements: number): number => unitOf(tensor) / gcd(unitOf(tensor), elements);

/** A range of an axis. */
export interface Range {
  readonly first: number;
  readonly count: number;
}

/**
 * An axis in as few ranges as `fits` allows, each but the last of one size and a multiple of `step`, so that most of them share a kernel. Undefined
 * where not even one step fits, or where all of it is one range.
 */
export function rangesOf(size: number, step: number, fits: (range: Range) => boolean): Range[] | undefined {
  let [low, high] = [0, Math.ceil(size / step)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits({ first: 0, count: middle * step })) low = middle;
    else high = middle;
  }
  for (let steps = low; steps > 0; steps -= 1) {
    const parts = Math.ceil(size / (steps * step));
    const count = Math.ceil(size / parts / step) * step;
    const ranges = Array.from({ length: Math.ceil(size / count) }, (_, i) => ({ first: i * count, count: Math.min(count, size - i * count) }));
    // Windows of later ranges may begin before them, and be a little longer than the first.
    if (ranges.every(fits)) return ranges.length > 1 ? ranges : undefined;
  }
  return undefined;
}

/** Pieces that are cut further may be so many: what can't be cut for another reason must not fall to pieces first. */
const MOST_STEPS = 1024;

/** Ranges of an axis that fit; where not one step of it does, one step each, which are cut further. */
export function rangesOrSteps(size: number, step: number, fits: (range: Range) => boolean): Range[] | undefined {
  const found = rangesOf(size, step, fits);
  return found ?? (size > step && size / step <= MOST_STEPS && !fits({ first: 0, count: step }) ? rangesOf(size, step, ({ count }) => count <= step) : undefined);
}

/** What is bound of a tensor to read its elements from `min` to `max`: its beginning stands where a binding may start. */
export interface Window {
  readonly start: number;
  readonly count: number;
}

export function windowOf(tensor: Tensor, min: number, max: number): Window {
  const start = Math.floor(min / unitOf(tensor)) * unitOf(tensor);
  return { start, count: max + 1 - start };
}

export const windowBytes = (tensor: Tensor, { count }: Window): number => (tensor.half ? Math.ceil(count / 2) : count) * 4;

/** A rectangle of the rows and columns that a chain runs over. */
export interface Block {
  readonly rows: Range;
  readonly columns: Range;
}

/** Where an operand stands for the block of a chain, counted from the block's beginning: the access in all of its tensor, and its first and last element. */
export function accessOf({ rowTerms, columnStride, offset = 0, ...rest }: Access, { rows, columns }: Block): { access: Access; min: number; max: number } | undefined {
  let start = offset + columns.first * columnStride;
  let [min, max] = [0, 0];
  const spans = (stride: number, steps: number): void => {
    if (stride < 0) min += stride * steps;
    else max += stride * steps;
  };
  const terms: { divide: number; modulo: number; stride: number }[] = [];
  for (const { divide, modulo, stride } of rowTerms) {
    const [from, to] = [rows.first, rows.first + rows.count - 1].map((row) => Math.floor(row / divide)) as [number, number];
    if (from === to) {
      start += (from % modulo) * stride;
      continue;
    }
    const place = from % modulo;
    const steps = to - from;
    if (rows.first % divide !== 0 || (place !== 0 && place + steps >= modulo)) return undefined;
    start += place * stride;
    const size = Math.min(modulo, steps + 1);
    terms.push({ divide, modulo: size, stride });
    spans(stride, size - 1);
  }
  spans(columnStride, columns.count - 1);
  return { access: { ...rest, rowTerms: terms, columnStride, ...(start > 0 ? { offset: start } : {}) }, min: start + min, max: start + max };
}

/** An operand as a block of a chain reads it: its tensor or a part of it, and where its elements stand in that. Undefined where it can't. */
export function operandOf(tensor: Tensor, access: Access, block: Block, cutting: Cutting): { tensor: Tensor; access: Access } | undefined {
  const found = accessOf(access, block);
  if (!found) return undefined;
  const window = windowOf(tensor, found.min, found.max);
  const { offset: _, ...rest } = found.access;
  const offset = (found.access.offset ?? 0) - window.start;
  const isWhole = window.start === 0 && window.count === access.count;
  return {
    tensor: isWhole ? tensor : cutting.part(tensor, window.start, [window.count]), access: { ...rest, count: window.count, ...(offset > 0 ? { offset } : {}) },
  };
}

/** Whether an operand's window is small enough for a block; where it can't be cut so it is not. */
export function operandFits(tensor: Tensor, access: Access, block: Block, most: number): boolean {
  const found = accessOf(access, block);
  return found !== undefined && windowBytes(tensor, windowOf(tensor, found.min, found.max)) <= most;
}

/** The rows at which a range of them may begin, so that no operand's axes are cut across. */
export const periodOf = (accesses: readonly Access[]): number => accesses.flatMap(({ rowTerms }) => rowTerms).reduce((period, { divide, stride }) => (stride === 0 ? period : lcm(period, divide)), 1);

/** The rows after which all operands that repeat along the rows begin anew. */
export const turnOf = (accesses: readonly Access[], rows: number): number => accesses.flatMap(({ rowTerms }) => rowTerms)
  .reduce((turn, { divide, modulo, stride }) => (stride === 0 || divide * modulo >= rows ? turn : lcm(turn, divide * modulo)), 1);

type Tensors = Readonly<Record<string, Tensor>>;

/** What a chain writes beside its result, by the names of its bindings. */
export const savedBy = (steps: readonly ChainStep[]): string[] => steps.flatMap(({ save, saveDrawn }) => [save, saveDrawn].filter((name) => name !== undefined));

/** A chain for whole rows of what it runs over, or for columns of its only one: its operands in windows, what it saves as parts. Undefined where that can't be. */
export function chainOf(steps: readonly ChainStep[], { reads, writes }: { readonly reads: Tensors; readonly writes: Tensors }, block: Block, cutting: Cutting): { steps: ChainStep[]; reads: Record<string, Tensor>; writes: Record<string, Tensor> } | undefined {
  const own: { reads: Record<string, Tensor>; writes: Record<string, Tensor> } = { reads: {}, writes: {} };
  const cut: ChainStep[] = [];
  const { rows, columns } = block;
  const before = rows.first * columns.count + columns.first;
  for (const name of savedBy(steps)) own.writes[name] = cutting.part(writes[name]!, before, [rows.count, columns.count]);
  for (const step of steps) {
    const isDrawn = drawOf(step) !== undefined;
    const operands = [];
    for (const { name, access } of step.operands) {
      // What is drawn by is read whole; which numbers are drawn depends on where an element stands in the whole.
      const operand = isDrawn ? { tensor: reads[name]!, access } : operandOf(reads[name]!, access, block, cutting);
      if (!operand) return undefined;
      own.reads[name] = operand.tensor;
      operands.push({ name, access: operand.access });
    }
    cut.push({ ...step, operands, ...(isDrawn ? { drawsFrom: (step.drawsFrom ?? 0) + before } : {}) });
  }
  return { steps: cut, ...own };
}

/** Whether all that a chain reads and saves for a block is small enough. */
export const chainFits = (steps: readonly ChainStep[], { reads, writes }: { readonly reads: Tensors; readonly writes: Tensors }, block: Block, most: number): boolean => steps.every((step) =>
  drawOf(step) !== undefined || step.operands.every(({ name, access }) => operandFits(reads[name]!, access, block, most))) && savedBy(steps).every((name) => rowsBytes(writes[name]!, block.rows, block.columns.count) <= most);

/** Bytes of a range of rows. */
export const rowsBytes = (tensor: Tensor, { count }: Range, columns: number): number => windowBytes(tensor, { start: 0, count: count * columns });

/** A range of a tensor's rows. */
export const rowsOf = (tensor: Tensor, { first, count }: Range, columns: number, cutting: Cutting): Tensor => cutting.part(tensor, first * columns, [count, columns]);

/** Every tensor that a request binds, by its binding. */
export const boundBy = ({ reads, writes, updates = {} }: { readonly reads: Tensors; readonly writes: Tensors; readonly updates?: Tensors }): [string, Tensor][] => Object.entries({ ...reads, ...writes, ...updates });

/** Elements of a tensor for each of so many equal pieces. */
export const pieceOf = (tensor: Tensor, pieces: number): number => sizeOf(tensor.shape) / pieces;
