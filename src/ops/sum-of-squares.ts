import { sumOfSquares as sumOfSquaresKernel, type SumOfSquaresSpec } from '../../shaders/sum-of-squares.wgsl.ts';
import { checkNumber } from '../errors.ts';
import { map } from './map.ts';
import type { LibraryOp, Options } from './op.ts';
import { type KernelFamily, perElement, together } from './request.ts';
import { sizeOf } from './tensor.ts';

const sumOfSquaresFamily: KernelFamily<SumOfSquaresSpec> = {
  flops: perElement('x', 2),
  name: 'sum-of-squares',
  variants: together<SumOfSquaresSpec>(() => true, sumOfSquaresKernel),
};

/** Its double, which the gradient takes, is a number of float32, too. */
const factorOf = ({ factor = 1 }: Options): number => checkNumber('sumOfSquares', 'factor', factor, { min: -1.7e38, max: 1.7e38, float32: true });

/** out [] = factor · Σ x² over all elements: with factor = λ/2 the L2 penalty of a weight. */
export const sumOfSquares: LibraryOp = {
  name: 'sumOfSquares',
  group: 'regularisation',
  formula: 'out = factor · Σ x²',
  notes: 'The L2 penalty, where factor is λ/2.',
  families: [sumOfSquaresFamily],
  inputs: ['x'],
  options: ['factor'],
  shapes: (_, options) => {
    factorOf(options);
    return { out: [] };
  },
  forward: ({ inputs: { x }, outputs: { out }, options }) => [{
    family: sumOfSquaresFamily, spec: { count: sizeOf(x!.shape), factor: factorOf(options) }, reads: { x: x! }, writes: { out: out! },
  }],
  backward: ({ inputs: { x }, gradients: { out: dout }, wanted, options }) => ({
    requests: wanted.x ? [map(x!, [
      { formula: 'scale', parameters: [2 * factorOf(options)] }, ...(dout!.constant === 1 ? [] : [{ formula: 'mul', operands: [dout!] }]),
    ], wanted.x)] : [],
  }),
};
