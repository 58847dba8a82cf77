import type { Kernel } from '../../shaders/kernel.ts';
import type { LossSpec } from '../../shaders/loss.wgsl.ts';
import { ShapeError } from '../errors.ts';
import { asMatrix, map } from './elementwise.ts';
import type { Named, Op, Options } from './op.ts';
import { reduce } from './reduce.ts';
import type { KernelFamily, Request } from './request.ts';
import { sameShape, showShape, sizeOf, type Tensor } from './tensor.ts';

interface LossRule {
  readonly name: string;
  /** The number of terms that the mean is over. */
  terms(input: Tensor): number;
  check(inputs: Named<Tensor>, who: string): void;
  kernel(spec: LossSpec, target: Tensor): Kernel;
  /** d loss / d target from d loss / d input, where a target can be differentiated. */
  targetGradient?: (inputGradient: Tensor, upstream: Tensor, out: Tensor) => Request;
}

/**
 * A loss whose gradient comes out of the launch that computes it. The kernel writes the gradient of the loss itself;
 * where something follows the loss, the backward pass multiplies by what comes from there.
 */
export function defineLoss(rule: LossRule): Op {
  // One family for each target type, made once: families are compared by identity.
  const families = new Map<string, KernelFamily<LossSpec>>();
  const familyOf = (target: Tensor): KernelFamily<LossSpec> => {
    let family = families.get(target.type);
    if (!family) {
      family = { name: `${rule.name}-${target.type}`, variants: [{ name: 'row', suits: () => true, kernel: (spec) => rule.kernel(spec, target) }] };
      families.set(target.type, family);
    }
    return family;
  };
  return {
    name: rule.name,
    inputs: ['input', 'target'],
    ...(rule.targetGradient ? {} : { constants: ['target'] }),
    shapes: (inputs, _: Options, who) => {
      rule.check(inputs, who);
      return { out: [] };
    },
    saves: ({ input }) => ({ gradient: input!.shape }),
    forward: ({ inputs: { input, target }, outputs, saved, scratch }) => {
      const matrix = asMatrix(input!.shape);
      const scale = 1 / rule.terms(input!);
      const rowLoss = scratch('rowLoss', [matrix.rows]);
      return [
        { family: familyOf(target!), spec: { ...matrix, scale }, reads: { x: input!, expected: target! }, writes: { rowLoss, dx: saved.gradient! } },
        reduce(rowLoss, { outer: 1, size: matrix.rows, inner: 1, scale }, outputs.out!),
      ];
    },
    backward: ({ gradients: { out: upstream }, saved, wanted }) => {
      const isSeed = upstream!.constant === 1;
      return {
        requests: [
          ...(wanted.input && !isSeed ? [map(saved.gradient!, [{ formula: 'mul', operands: [upstream!] }], wanted.input)] : []),
          ...(wanted.target && rule.targetGradient ? [rule.targetGradient(saved.gradient!, upstream!, wanted.target)] : []),
        ],
        aliases: wanted.input && isSeed ? { input: saved.gradient! } : {},
      };
    },
  };
}

/** The mean over all elements. */
export const overElements = (input: Tensor): number => sizeOf(input.shape);
/** The mean over rows: all axes but the last. */
export const overRows = (input: Tensor): number => asMatrix(input.shape).rows;

/** A loss that compares element by element: input and target have one shape and hold f32. */
export function checkSameShape({ input, target }: Named<Tensor>, who: string): void {
  if (!sameShape(input!.shape, target!.shape) || target!.type !== 'f32') {
    throw new ShapeError(who, `f32 targets of the output's shape ${showShape(input!.shape)}`, `${target!.type} ${showShape(target!.shape)}`);
  }
}
