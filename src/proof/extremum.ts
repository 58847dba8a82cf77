import { expanded } from '../reference/axes.ts';
import type { Reduction } from '../reference/axes.ts';
import { complexZeros } from '../reference/complex.ts';
import { divisionError, flushVariance, ROUNDING } from '../reference/rounding.ts';
import type { Rounding } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { atEachPlace, atEdges, foldedSizes, folding, foldMutants, samplesOver } from './folding.ts';
import { withoutLastLane } from './mutants.ts';
import type { Convention, Mutant, Proof, Sample, SampleTensor } from './proof.ts';
import { filled } from './sample-data.ts';

/** How an element enters its extremum, by its branch: not at all, as it is, with the other sign, and as the 0 that has no sign. */
const SIGNS = [0, 1, -1, 0] as const;

/** What an extremum is one of: numbers or magnitudes, the largest or the smallest. */
interface Extremum {
  readonly magnitude: boolean;
  readonly smallest: boolean;
}

/** The elements that share the extremum of their group, with the sign under which they do. */
function winners({ magnitude, smallest }: Extremum, x: ArrayLike<number>, { map, count }: Reduction): Uint8Array {
  const of = magnitude ? Math.abs : Number;
  const best = new Float64Array(map.length / count).fill(smallest ? Infinity : -Infinity);
  map.forEach((o, i) => { best[o] = smallest ? Math.min(best[o], of(x[i])) : Math.max(best[o], of(x[i])); });
  return Uint8Array.from(map, (o, i) => (of(x[i]) !== best[o] ? 0 : !magnitude || x[i] > 0 ? 1 : x[i] < 0 ? 2 : 3));
}

/** How many share each result; at least 1, so that a pattern of none divides by no 0. */
function sharesOf(branches: Uint8Array, { map, count }: Reduction): Float64Array {
  const shares = new Float64Array(map.length / count);
  map.forEach((o, i) => { shares[o] += branches[i] > 0 ? 1 : 0; });
  return shares.map((share) => Math.max(share, 1));
}

/** The largest variance of a group: the extremum of rounded numbers errs by no more. */
function largestVariance(x: RefTensor, { map, count }: Reduction): Float64Array {
  const largest = new Float64Array(map.length / count);
  map.forEach((o, i) => { largest[o] = Math.max(largest[o], x.variance[i]); });
  return largest;
}

/** Where rounding may have chosen another element: x lies beside the extremum, and neither is exact. */
function isOpen(x: RefTensor, i: number, best: number, of: (x: number) => number, variance: number, { kinkWidth }: Rounding): boolean {
  const sigma = Math.sqrt(x.variance[i] + variance);
  return sigma > 0 && Math.abs(of(x.value[i]) - best) <= kinkWidth * sigma;
}

/** y = the extremum of each group; those that share it share its gradient, as torch.amax, amin and linalg.vector_norm(ord=inf) do. */
export function extremum(rule: Extremum): Required<Pick<Proof, 'branches' | 'forward' | 'backward' | 'complex' | 'perturb' | 'working'>> {
  const of = rule.magnitude ? Math.abs : Number;
  const branchesAt = (x: RefTensor, fold: Reduction): Uint8Array => winners(rule, x.value, fold);
  return {
    branches: ({ x }, options) => branchesAt(x, folding(x.shape, options)),
    forward: ({ x }, options, _rounding, branches) => {
      const fold = folding(x.shape, options);
      const sides = branches ?? branchesAt(x, fold);
      const shares = sharesOf(sides, fold);
      const out = zeros(fold.shape);
      fold.map.forEach((o, i) => { out.value[o] += SIGNS[sides[i]] * x.value[i]; });
      // Equal numbers add up and divide without rounding.
      shares.forEach((share, o) => { out.value[o] /= share; });
      out.variance.set(largestVariance(x, fold));
      return out;
    },
    backward: ({ x }, out, dout, options, rounding, branches) => {
      const fold = folding(x.shape, options);
      const sides = branches ?? branchesAt(x, fold);
      const shares = sharesOf(sides, fold);
      const wide = expanded(dout, fold.map, x.shape);
      const variance = largestVariance(x, fold);
      const gradient = zeros(x.shape);
      fold.map.forEach((o, i) => {
        const d = wide.value[i];
        const value = SIGNS[sides[i]] * d / shares[o];
        gradient.value[i] = value;
        gradient.variance[i] = (sides[i] ? wide.variance[i] / shares[o] ** 2 : 0) + (shares[o] > 1 && sides[i] ? divisionError(value, rounding.builtins) ** 2 + (ROUNDING * value) ** 2 + flushVariance(value) : 0);
        if (isOpen(x, i, out.value[o], of, variance[o], rounding)) gradient.variance[i] += d * d;
      });
      return { x: gradient };
    },
    complex: (inputs, options, branches) => {
      const { x } = inputs;
      const fold = folding(x.shape, options);
      const sides = branches ?? winners(rule, x.re, fold);
      const shares = sharesOf(sides, fold);
      const out = complexZeros(fold.shape);
      fold.map.forEach((o, i) => {
        out.re[o] += SIGNS[sides[i]] * x.re[i] / shares[o];
        out.im[o] += SIGNS[sides[i]] * x.im[i] / shares[o];
      });
      return out;
    },
    perturb: ({ inputs: { x }, out, options, branches }) => {
      const fold = folding(x.shape, options);
      const sides = branches ?? winners(rule, x.value, fold);
      const shares = sharesOf(sides, fold);
      return () => {
        out.change.count = 0;
        for (let k = 0; k < x.change.count; k++) {
          const i = x.change.index[k];
          if (sides[i]) addDelta(out.change, fold.map[i], SIGNS[sides[i]] * x.change.delta[k] / shares[fold.map[i]]);
        }
      };
    },
    working: ({ x }, options, rounding) => {
      const fold = folding(x.shape, options);
      const sides = branchesAt(x, fold);
      const ties = zeros(folding(x.shape, { ...options, keepDims: true }).shape);
      const best = new Float64Array(ties.value.length);
      ties.value.set(sharesOf(sides, fold));
      fold.map.forEach((o, i) => { if (sides[i]) best[o] = of(x.value[i]); });
      const variance = largestVariance(x, fold);
      fold.map.forEach((o, i) => { if (isOpen(x, i, best[o], of, variance[o], rounding)) ties.variance[o] += 1; });
      return { ties };
    },
  };
}

const PLAIN = (i: number): number => Math.sin(i);

const negated = ({ shape, data }: SampleTensor): SampleTensor => ({ shape, data: (data as Float32Array).map((value) => -value) });

const SAMPLES: readonly Sample[] = [
  ...samplesOver(),
  atEachPlace({}, (i) => 0.5 * PLAIN(i)),
  { name: 'one small term in each row, at each of 67 places', options: { axes: [1] }, inputs: { x: negated(atEachPlace({}, (i) => 0.5 * PLAIN(i)).inputs.x!) } },
  atEdges({}, (i) => 0.5 * PLAIN(i)),
  { name: 'all negative', options: { axes: [1] }, inputs: { x: filled([5, 13], (i) => -2 - PLAIN(i)) } },
  { name: 'all positive', options: { axes: [1] }, inputs: { x: filled([5, 13], (i) => 2 + PLAIN(i)) } },
  { name: 'ties of the largest and of the smallest', options: { axes: [1] }, inputs: { x: filled([7, 19], (i) => [2, -1, 2, 0, -1, 2, 1][i % 7]) } },
  { name: 'all zeros', options: { axes: [0], keepDims: true }, inputs: { x: filled([5, 3], () => 0) } },
];

function tied(name: string, values: readonly number[], gradient: readonly number[]): Convention {
  return { name, options: { axes: [1] }, inputs: { x: filled([1, values.length], (i) => values[i]) }, cotangent: Float32Array.of(6), gradients: { x: gradient } };
}

const SHARED: readonly Mutant[] = [
  { name: 'ties share nothing', kernel: /^extremumBackward$/, find: 'dout / ties', replace: 'dout', symptoms: ['region', 'mask', 'factor'] },
  { name: 'the gradient goes to all', kernel: /^extremumBackward$/, find: 'select(Value(0.0), dout / ties, x == y)', replace: 'dout / ties', symptoms: ['mask'] },
  { name: 'the gradient goes to all others', kernel: /^extremumBackward$/, find: 'x == y', replace: 'x != y', symptoms: ['mask'] },
  withoutLastLane(/^extremumBackward$/),
];

function proofOf(name: 'max' | 'min', compare: string, turned: string): Proof {
  const which = name === 'max' ? 'largest' : 'smallest';
  const [a, b] = name === 'max' ? [3, 1] : [1, 3];
  return {
    differentiable: ['x'],
    ...extremum({ magnitude: false, smallest: name === 'min' }),
    samples: SAMPLES,
    sizes: foldedSizes(),
    mutants: [
      ...foldMutants(name, ['reduction', 'region', 'mask', 'formula']),
      ...SHARED,
      { name: 'the other extremum', kernel: new RegExp(`^${name}/`), find: `b.value ${compare} a.value`, replace: `b.value ${turned} a.value`, symptoms: ['formula'] },
      { name: 'starts from 0', kernel: new RegExp(`^${name}/serial$`), find: 'var total = State(0.0, 0.0);', replace: 'var total = State(0.0, 1.0);', symptoms: ['region', 'mask', 'formula'] },
      { name: 'ties not counted', kernel: new RegExp(`^${name}/serial$`), find: 'select(0.0, b.ties, b.value == a.value)', replace: '0.0', symptoms: ['region', 'mask', 'factor'] },
    ],
    conventions: [
      tied(`two that are ${which} share the gradient of ${name}`, [a, b, a], [3, 0, 3]),
      tied(`one that is ${which} has it alone`, [b, a, b], [0, 6, 0]),
    ],
  };
}

export const max = proofOf('max', '>', '<');
export const min = proofOf('min', '<', '>');
