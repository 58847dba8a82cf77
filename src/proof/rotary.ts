import { complexZeros } from '../reference/complex.ts';
import { FLUSH, ROUNDING, UNIT_ROUNDOFF } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor, Shape } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { withoutLastLane } from './mutants.ts';
import type { Options, Proof, Sample } from './proof.ts';
import { filled, normals } from './sample-data.ts';
import { matrixOf, sizesFrom } from './sizes.ts';

/** Errors of cosine and sine: two polynomials of float32 (relative), and an angle cut to 2⁻³² of a turn (absolute). */
const RELATIVE = 1.2 * UNIT_ROUNDOFF;
const ABSOLUTE = 2 * Math.PI * 2 ** -33;

/** For each element of x: its partner, and the cosine and the signed sine by which the two make the output there. */
function turns(shape: Shape, options: Options): { partner: (i: number) => number; cosine: Float64Array; sine: Float64Array } {
  const [positions, columns] = shape.slice(-2);
  const { base = 10_000, offset = 0 } = options as { base?: number; offset?: number };
  const half = columns / 2;
  const cosine = new Float64Array(positions * columns);
  const sine = new Float64Array(positions * columns);
  for (let t = 0; t < positions; t++) {
    for (let c = 0; c < columns; c++) {
      const angle = (offset + t) * base ** (-2 * (c % half) / columns);
      cosine[t * columns + c] = Math.cos(angle);
      sine[t * columns + c] = c < half ? -Math.sin(angle) : Math.sin(angle);
    }
  }
  return { partner: (i) => (i % columns < half ? i + half : i - half), cosine, sine };
}

/** Turned forward by +1, back by −1. */
function turned(x: RefTensor, options: Options, direction: 1 | -1): RefTensor {
  const out = zeros(x.shape);
  const { partner, cosine, sine } = turns(x.shape, options);
  for (let i = 0; i < out.value.length; i++) {
    const c = cosine[i % cosine.length];
    const s = direction * sine[i % sine.length];
    const [a, b] = [x.value[i], x.value[partner(i)]];
    out.value[i] = a * c + b * s;
    const ofCircle = (a * a * c * c + b * b * s * s) * RELATIVE ** 2 + (a * a + b * b) * ABSOLUTE ** 2;
    out.variance[i] = c * c * x.variance[i] + s * s * x.variance[partner(i)] + ofCircle
      + ROUNDING ** 2 * ((a * c) ** 2 + (b * s) ** 2 + out.value[i] ** 2) + (a === 0 && b === 0 ? 0 : 2 * FLUSH ** 2);
  }
  return out;
}

/** Pairs of columns (i, i + D/2) turned by (offset + t) · base^(−2i/D). */
export const rotary: Proof = {
  differentiable: ['x'],
  forward: ({ x }, options) => turned(x, options, 1),
  backward: ({ x }, _out, dout, options) => ({ x: { ...turned({ ...dout, shape: x.shape }, options, -1), shape: x.shape } }),

  complex({ x }, options) {
    const out = complexZeros(x.shape);
    const { partner, cosine, sine } = turns(x.shape, options);
    for (let i = 0; i < out.re.length; i++) {
      const [c, s] = [cosine[i % cosine.length], sine[i % sine.length]];
      out.re[i] = x.re[i] * c + x.re[partner(i)] * s;
      out.im[i] = x.im[i] * c + x.im[partner(i)] * s;
    }
    return out;
  },

  perturb({ inputs: { x }, out, options }) {
    const { partner, cosine, sine } = turns(x.shape, options);
    return () => {
      out.change.count = 0;
      for (let k = 0; k < x.change.count; k++) {
        const i = x.change.index[k];
        const other = partner(i);
        addDelta(out.change, i, cosine[i % cosine.length] * x.change.delta[k]);
        addDelta(out.change, other, sine[other % sine.length] * x.change.delta[k]);
      }
    };
  },

  samples: [
    sample([1, 2]),
    sample([5, 4]),
    sample([2, 3, 17, 6]),
    sample([65, 16]),
    sample([3, 3, 2, 2, 10], { offset: 7 }),
    sample([4, 64], { base: 500_000 }),
    sample([7, 8], { offset: 65_529, base: 100 }),
    sample([9, 3, 16], { offset: 4_000 }),
    { name: 'one of each pair is 0', options: { offset: 3 }, inputs: { x: filled([11, 12], (i) => ((i % 12 < 6) === (Math.floor(i / 12) % 2 === 0) ? 0 : 1 + i / 64)) } },
  ],
  sizes: sizesFrom(
    { matrices: [1, 19], positions: [1, 67], pairs: [1, 33], offset: [0, 9999] },
    ({ matrices, positions, pairs, offset }, seed) => ({ options: { offset }, inputs: { x: matrixOf(seed, 0, [matrices, positions, 2 * pairs]) } }),
    ({ options, inputs: { x } }) => {
      if (x.shape.length !== 3 || options.base !== undefined) return undefined;
      return { matrices: x.shape[0], positions: x.shape[1], pairs: x.shape[2] / 2, offset: typeof options.offset === 'number' ? options.offset : 0 };
    },
  ),
  mutants: [
    { name: 'turned the other way', kernel: /^rotary/, find: ' - b * circle.y', replace: ' + b * circle.y', symptoms: ['formula'] },
    { name: 'every pair by the angle of the first', kernel: /^rotary/, find: 'STEPS[column]', replace: 'STEPS[0]', symptoms: ['formula'] },
    { name: 'positions one too far', kernel: /^rotary/, find: 'let position = t + ', replace: 'let position = 1u + t + ', symptoms: ['formula'] },
    { name: 'the low bits of a step forgotten', kernel: /^rotary/, find: ' + ((position * step.y) >> 16u)', replace: '', symptoms: ['formula', 'region'] },
    { name: 'halves of a turn not told apart', kernel: /^rotary/, find: '(quarter & 2u) == 2u', replace: 'false', symptoms: ['region', 'formula', 'factor'] },
    { name: 'the gradient turned forward', kernel: /^rotary/, find: ' + b * circle.y', replace: ' - b * circle.y', symptoms: ['formula'] },
    { name: 'only the first matrices of a lane', kernel: /^rotary/, find: 'min(first + 8u', replace: 'min(first + 7u', symptoms: ['unwritten', 'zero-block'] },
    withoutLastLane(/^rotary/),
  ],
  conventions: [],
};

function sample(shape: Shape, options: Options = {}): Sample {
  const said = Object.entries(options).map(([name, value]) => `, ${name} ${String(value)}`).join('');
  return { name: `[${shape.join(', ')}]${said}`, options, inputs: { x: normals(307 + shape.length, shape) } };
}
