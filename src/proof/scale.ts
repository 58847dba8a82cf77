import { complexScale } from '../reference/complex.ts';
import type { Curve } from '../reference/curve.ts';
import { FLUSH, ROUNDING } from '../reference/rounding.ts';
import { smooth } from './elementwise-kit.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options } from './proof.ts';
import { rowSamples, rowSizes, type Numbers } from './row-samples.ts';

const OPTION_SETS = [{ factor: -0.7 }, { factor: 3 }, { factor: 1e-5 }];
const NUMBERS: Numbers = { special: [0, -0, 1, -1, 1e-20, -1e20, 7, 1e30] };

const factorOf = ({ factor }: Options): number => (typeof factor === 'number' ? factor : 1);

/** factor · x: the factor is a number of float32, and multiplying by it rounds. */
function scaleCurve(factor: number): Curve {
  return { value: (x) => factor * x, slope: () => factor, bend: () => 0, valueError: (x) => Math.SQRT2 * ROUNDING * Math.abs(factor * x) + FLUSH, slopeError: () => ROUNDING * Math.abs(factor) };
}

/** y = factor · x, dx = factor · dy. */
export const scale = smooth(
  (options) => scaleCurve(factorOf(options)), (options) => (z) => complexScale(z, factorOf(options)), rowSamples(NUMBERS, OPTION_SETS), [
    { name: 'the factor forgotten', kernel: /^scale$/, find: 'x * (-0.7f)', replace: 'x', symptoms: ['factor'] },
    { name: 'the sign of the factor forgotten', kernel: /^scale$/, find: 'x * (-0.7f)', replace: 'x * 0.7f', symptoms: ['factor'] },
    { name: 'the factor added', kernel: /^scale$/, find: 'x * 3.0f', replace: 'x + 3.0f', symptoms: ['formula'] },
    { name: 'only positive numbers', kernel: /^scale$/, find: 'x * (-0.7f)', replace: 'max(x, Value(0.0)) * (-0.7f)', symptoms: ['mask'] },
    withoutLastLane(/^scale$/),
  ], undefined, rowSizes(NUMBERS, OPTION_SETS),
);
