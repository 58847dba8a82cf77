import { expanded, summed } from '../reference/axes.ts';
import { complexMapped, complexMul, complexScale, complexSqrt, complexSummed } from '../reference/complex.ts';
import { divisionError, FLUSH, ROUNDING, ulpError } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta, emptyChange } from './change.ts';
import { extremum } from './extremum.ts';
import { atEachPlace, atEdges, foldedSizes, folding, foldMutants, sample } from './folding.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options, Proof } from './proof.ts';
import { filled } from './sample-data.ts';
import { squared } from './squares.ts';

type Functions = Required<Pick<Proof, 'forward' | 'backward' | 'complex' | 'perturb'>> & Pick<Proof, 'branches' | 'working'>;

/** y = √(Σ x²), dx = dy·x/y: 0 where y is. */
const euclidean: Functions = {
  forward({ x }, options, { builtins }) {
    const { map, shape } = folding(x.shape, options);
    const sums = summed(squared(x), map, shape);
    const out = zeros(shape);
    const behind = new Float64Array(out.value.length);
    map.forEach((o, i) => { behind[o] += x.variance[i]; });
    out.value.forEach((_, o) => {
      const y = Math.sqrt(sums.value[o]);
      out.value[o] = y;
      // d√s = ds/2√s; where all numbers are 0 but for their rounding, the norm is as large as that.
      out.variance[o] = (y > 0 ? sums.variance[o] / (4 * y * y) : behind[o]) + ulpError(builtins.sqrtUlp, y) ** 2;
    });
    return out;
  },
  backward({ x }, out, dout, options, { builtins }) {
    const { map } = folding(x.shape, options);
    const norm = expanded(out, map, x.shape);
    const d = expanded(dout, map, x.shape);
    const gradient = zeros(x.shape);
    gradient.value.forEach((_, i) => {
      const y = norm.value[i];
      const share = y === 0 ? 0 : x.value[i] / y;
      const value = d.value[i] * share;
      const shareVariance = y === 0 ? Number(x.variance[i] > 0) : x.variance[i] / y ** 2 + (share / y) ** 2 * norm.variance[i] + divisionError(share, builtins) ** 2 + (share === 0 ? 0 : FLUSH ** 2);
      gradient.value[i] = value;
      gradient.variance[i] = share * share * d.variance[i] + d.value[i] ** 2 * shareVariance + (ROUNDING * value) ** 2;
    });
    return { x: gradient };
  },
  complex({ x }, options) {
    const { map, shape } = folding(x.shape, options);
    // At 0 the norm has a kink, and its gradient is 0 by convention.
    return complexMapped(complexSummed(complexMapped(x, (z) => complexMul(z, z)), map, shape), (z) => (z.re > 0 ? complexSqrt(z) : { re: 0, im: 0 }));
  },
  /** √(s + δ) − √s = δ/(√(s + δ) + √s). */
  perturb({ inputs: { x }, out, options }) {
    const { map } = folding(x.shape, options);
    const sums = emptyChange(out.value.length);
    return () => {
      out.change.count = 0;
      sums.count = 0;
      for (let k = 0; k < x.change.count; k++) {
        const i = x.change.index[k];
        const step = x.change.delta[k];
        addDelta(sums, map[i], step * (2 * x.value[i] + step));
      }
      for (let k = 0; k < sums.count; k++) {
        const o = sums.index[k];
        const y = out.value[o];
        const step = sums.delta[k];
        if (step !== 0) addDelta(out.change, o, step / (Math.sqrt(Math.max(0, y * y + step)) + y));
      }
    };
  },
};

const signsOf = (x: RefTensor): Uint8Array => Uint8Array.from(x.value, (at) => 1 + Math.sign(at));

/** y = Σ |x|, dx = dy·sign(x): 0 where x is. */
const absolute: Functions = {
  branches: ({ x }) => signsOf(x),
  forward({ x }, options, _rounding, branches = signsOf(x)) {
    const { map, shape } = folding(x.shape, options);
    return summed({ ...x, value: x.value.map((at, i) => (branches[i] - 1) * at) }, map, shape);
  },
  backward({ x }, _out, dout, options, { kinkWidth }, branches = signsOf(x)) {
    const { map } = folding(x.shape, options);
    const gradient = expanded(dout, map, x.shape);
    gradient.value.forEach((d, i) => {
      const sign = branches[i] - 1;
      gradient.value[i] = sign * d;
      if (sign === 0) gradient.variance[i] = 0;
      if (x.variance[i] > 0 && Math.abs(x.value[i]) <= kinkWidth * Math.sqrt(x.variance[i])) gradient.variance[i] += 4 * d * d;
    });
    return { x: gradient };
  },
  complex({ x }, options, branches) {
    const { map, shape } = folding(x.shape, options);
    return complexSummed(complexMapped(x, (z, i) => complexScale(z, branches ? branches[i] - 1 : Math.sign(z.re))), map, shape);
  },
  perturb({ inputs: { x }, out, options, branches }) {
    const { map } = folding(x.shape, options);
    return () => {
      out.change.count = 0;
      for (let k = 0; k < x.change.count; k++) {
        const i = x.change.index[k];
        const sign = branches ? branches[i] - 1 : Math.sign(x.value[i]);
        if (sign !== 0) addDelta(out.change, map[i], sign * x.change.delta[k]);
      }
    };
  },
};

const largest: Functions = extremum({ magnitude: true, smallest: false });

const byOrder = ({ p }: Options): Functions => (p === 1 ? absolute : p === 'infinity' ? largest : euclidean);

/** torch.linalg.vector_norm for ord 1, 2 and infinity. */
export const norm: Proof = {
  differentiable: ['x'],
  forward: (inputs, options, ...rest) => byOrder(options).forward(inputs, options, ...rest),
  backward: (inputs, out, dout, options, ...rest) => byOrder(options).backward(inputs, out, dout, options, ...rest),
  branches: (inputs, options) => byOrder(options).branches?.(inputs, options) ?? new Uint8Array(0),
  complex: (inputs, options, branches) => byOrder(options).complex(inputs, options, branches),
  perturb: (place) => byOrder(place.options).perturb(place),
  working: (inputs, options, rounding, dout) => byOrder(options).working?.(inputs, options, rounding, dout) ?? {},
  samples: [
    sample([257]),
    sample([16, 17], { axes: [0] }),
    sample([2, 3, 4, 5], { axes: [-3, 3], keepDims: true }),
    atEdges({}, (i) => 0.01 * Math.sin(i)),
    { name: 'rows of zeros', options: { axes: [1] }, inputs: { x: filled([5, 13], (i) => (Math.floor(i / 13) % 2 ? 0 : Math.cos(i))) } },
    sample([3, 65], { p: 1, axes: -1, keepDims: true }),
    sample([16, 17], { p: 1, axes: [0] }),
    atEdges({ p: 1 }, (i) => (i % 3 === 1 ? 0 : 0.01 * Math.sin(i))),
    sample([257], { p: 'infinity' }),
    sample([17, 5], { p: 'infinity', axes: [0] }),
    atEachPlace({ p: 'infinity' }, (i) => 0.5 * Math.sin(i)),
    { name: 'ties of both signs, and zeros', options: { p: 'infinity', axes: [1] }, inputs: { x: filled([7, 19], (i) => (i < 19 ? 0 : [2, -1, -2, 0, -1, 2, 1][i % 7])) } },
  ],
  sizes: foldedSizes(),
  mutants: [
    ...foldMutants('norm2'),
    ...foldMutants('norm1').map((mutant) => ({ ...mutant, name: `${mutant.name}, p 1` })),
    ...foldMutants('normInfinity', ['reduction', 'region', 'mask', 'formula']).filter(({ find }) => find !== 'first += 256u').map((mutant) => ({ ...mutant, name: `${mutant.name}, p infinity` })),
    { name: 'the root forgotten', kernel: /^norm2\//, find: 'sqrt(total)', replace: 'total', symptoms: ['formula'] },
    { name: 'the square forgotten', kernel: /^norm2\/serial$/, find: 'value * value', replace: 'value', symptoms: ['formula', 'garbage'] },
    { name: 'the magnitude forgotten', kernel: /^norm1\/serial$/, find: 'abs(value)', replace: 'value', symptoms: ['formula', 'reduction'] },
    { name: 'the magnitude forgotten in the largest', kernel: /^normInfinity\/serial$/, find: 'State(abs(value), 1.0)', replace: 'State(value, 1.0)', symptoms: ['formula', 'region', 'mask'] },
    { name: 'not divided by the norm', kernel: /^norm2Backward$/, find: 'x / y', replace: 'x', symptoms: ['formula', 'factor'] },
    { name: 'a norm of 0 not looked for', kernel: /^norm2Backward$/, find: 'y == Value(0.0)', replace: 'y == Value(-1.0)', symptoms: ['region', 'garbage'] },
    { name: 'the upstream gradient forgotten', kernel: /^norm2Backward$/, find: 'dout * (x / y)', replace: 'x / y', symptoms: ['formula'] },
    { name: 'the sign forgotten', kernel: /^normInfinityBackward$/, find: ' * sign(x)', replace: '', symptoms: ['mask', 'region', 'formula', 'factor'] },
    { name: 'ties share nothing', kernel: /^normInfinityBackward$/, find: 'dout / ties', replace: 'dout', symptoms: ['region', 'mask', 'factor'] },
    { name: 'the gradient goes to all', kernel: /^normInfinityBackward$/, find: 'abs(x) == y', replace: 'abs(x) <= y', symptoms: ['mask'] },
    withoutLastLane(/^norm2Backward$/),
    withoutLastLane(/^normInfinityBackward$/),
    withoutLastLane(/^absBackward$/),
  ],
  conventions: [
    { name: 'norm 2 at 0 has the gradient 0', options: {}, inputs: { x: filled([3], () => 0) }, cotangent: Float32Array.of(5), gradients: { x: [0, 0, 0] } },
    { name: 'norm 1 has the gradient 0 at 0', options: { p: 1 }, inputs: { x: filled([3], (i) => i - 1) }, cotangent: Float32Array.of(5), gradients: { x: [-5, 0, 5] } },
    { name: 'the largest magnitudes share the gradient', options: { p: 'infinity' }, inputs: { x: filled([3], (i) => [2, -2, 1][i]) }, cotangent: Float32Array.of(6), gradients: { x: [3, -3, 0] } },
    { name: 'the largest magnitude 0 has the gradient 0', options: { p: 'infinity' }, inputs: { x: filled([2], () => 0) }, cotangent: Float32Array.of(6), gradients: { x: [0, 0] } },
  ],
};
