import type { Kernel } from '../../shaders/kernel.ts';
import type { LossSpec } from '../../shaders/loss.wgsl.ts';
import { checkNumber, OptionError, ShapeError, show } from '../errors.ts';
import { asMatrix, map } from './map.ts';
import type { Named, LibraryOp, Options } from './op.ts';
import { sumAxes } from './reduce.ts';
import { type KernelFamily, perElement, type Request } from './request.ts';
import { sameShape, showShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

/** What a loss's rule is asked about one application. */
export interface LossCall {
  readonly inputs: Named<Tensor>;
  readonly options: Options;
  readonly scratch: (name: string, shape: Shape) => Tensor;
}

export interface LossRule<S extends LossSpec> {
  readonly name: string;
  readonly formula: string;
  readonly notes?: string;
  /** The names of its options besides `reduction`. */
  readonly options?: readonly string[];
  readonly reductions?: readonly string[];
  /** Checks shapes and options; throws in the name of `who`. */
  check(inputs: Named<Tensor>, options: Options, who: string): void;
  /** The row kernel's spec. Its `scale` is what the gradient and the sum of all rows are multiplied by. */
  spec(inputs: Named<Tensor>, options: Options): S;
  kernel(spec: S): Kernel;
  /** Launches before the row kernel's own, and what they give it to read. */
  prepare?(call: LossCall, spec: S): { readonly requests: readonly Request[]; readonly reads: Named<Tensor> };
  /** d loss / d target, from d loss / d input or anew. Without it the target is a constant. */
  targetGradient?(call: LossCall & { readonly inputGradient: Tensor; readonly upstream: Tensor; readonly out: Tensor }, spec: S): Request;
}

/**
 * A loss whose gradient comes out of the launch that computes it. The kernel writes the gradient of the loss itself;
 * where something follows the loss, the backward pass multiplies by what comes from there.
 */
export function defineLoss<S extends LossSpec>(rule: LossRule<S>): LibraryOp {
  // A row's maximum, exponentials, sum, its part of the loss and the gradient.
  const family: KernelFamily<S> = { name: rule.name, cut: 'loss', flops: perElement('x', 8), variants: [{ name: 'row', suits: () => true, kernel: (spec) => rule.kernel(spec) }] };
  return {
    name: rule.name,
    group: 'loss',
    formula: rule.formula,
    ...(rule.notes ? { notes: rule.notes } : {}),
    inputs: ['input', 'target'],
    takesIndices: ['target'],
    ...(rule.targetGradient ? {} : { constants: ['target'] }),
    options: ['reduction', ...rule.options ?? []],
    shapes: (inputs, options, who) => {
      reductionOf(who, options, rule.reductions);
      rule.check(inputs, options, who);
      return { out: [] };
    },
    saves: ({ input }) => ({ gradient: input!.shape }),
    forward: ({ inputs, outputs, saved, options, scratch }) => {
      const spec = rule.spec(inputs, options);
      const rowLoss = scratch('rowLoss', [spec.rows]);
      const { requests, reads } = rule.prepare?.({ inputs, options, scratch }, spec) ?? { requests: [], reads: {} };
      return [
        ...requests,
        { family, spec, reads: { x: inputs.input!, expected: inputs.target!, ...reads }, writes: { rowLoss, dx: saved.gradient! } },
        ...sumAxes(rowLoss, [0], spec.scale, outputs.out!),
      ];
    },
    backward: ({ inputs, options, scratch, gradients: { out: upstream }, saved, wanted }) => {
      const isSeed = upstream!.constant === 1;
      const inputGradient = saved.gradient!;
      return {
        requests: [
          ...(wanted.input && !isSeed ? [map(inputGradient, [{ formula: 'mul', operands: [upstream!] }], wanted.input)] : []),
          ...(wanted.target && rule.targetGradient ? [rule.targetGradient({ inputs, options, scratch, inputGradient, upstream: upstream!, out: wanted.target }, rule.spec(inputs, options))] : []),
        ],
        aliases: wanted.input && isSeed ? { input: inputGradient } : {},
      };
    },
  };
}

/** The target enters with the opposite sign, and in no other way. */
export const oppositeGradient: NonNullable<LossRule<LossSpec>['targetGradient']> = ({ inputGradient, upstream, out }) => map(inputGradient, [
  ...(upstream.constant === 1 ? [] : [{ formula: 'mul', operands: [upstream] }]), { formula: 'scale', parameters: [-1] },
], out);

/** The option `reduction`: `mean` where it is left out. */
export function reductionOf(who: string, { reduction = 'mean' }: Options, known: readonly string[] = ['mean', 'sum']): string {
  if (typeof reduction !== 'string' || !known.includes(reduction)) throw new OptionError(who, `reduction among ${known.join(', ')}`, show(reduction));
  return reduction;
}

/** The factor of the sum over all elements. `batchMean` divides by the length of the first axis. */
export function elementScale(shape: Shape, options: Options): number {
  if (options.reduction === 'sum') return 1;
  return 1 / (options.reduction === 'batchMean' ? shape[0] ?? 1 : sizeOf(shape));
}

/** A lane adds up at most so many elements. */
const LONGEST_PIECE = 32;

/**
 * Any number of elements as rows of one length, for losses to which it is all one where a row ends: short rows, so that wide outputs
 * keep many lanes busy. The length divides the number, so that no row is cut.
 */
export function pieces(count: number): { rows: number; columns: number } {
  let columns = Math.min(LONGEST_PIECE, count);
  while (count % columns !== 0) columns -= 1;
  return { rows: count / columns, columns };
}

/** Input and target have one shape and hold f32. */
export function checkSameShape({ input, target }: Named<Tensor>, who: string): void {
  if (!sameShape(input!.shape, target!.shape) || target!.type !== 'f32') {
    throw new ShapeError(who, `f32 targets of the output's shape ${showShape(input!.shape)}`, `${target!.type} ${showShape(target!.shape)}`);
  }
}

/** Rows of classes, and what is expected of each: for losses whose last axis is the classes. */
export function rowsOfClasses(input: Tensor, who: string): { rows: number; columns: number } {
  if (input.shape.length < 2) throw new ShapeError(who, 'an output [rows, classes]', showShape(input.shape));
  return asMatrix(input.shape);
}

/** How many numbers a kernel's text may hold as one array (WGSL's limit for array constructors). */
const MOST_NUMBERS = 2047;

/** An option that is a list of numbers ≥ 0 that go into a kernel's text, one for each place of an axis. */
export function checkWeights(who: string, name: string, value: unknown, length: number, axis: string): void {
  if (!Array.isArray(value) || value.length !== length) {
    throw new OptionError(who, `${name} as a list of ${length} numbers, one for each ${axis}`, Array.isArray(value) ? `a list of ${value.length}` : show(value));
  }
  if (length > MOST_NUMBERS) throw new OptionError(who, `${name} for at most ${MOST_NUMBERS} places (a limit of WGSL)`, String(length));
  value.forEach((one: unknown, i) => checkNumber(who, `${name}[${i}]`, one, { min: 0, float32: true }));
}
