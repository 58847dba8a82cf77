import { complexMapped, complexScale } from '../reference/complex.ts';
import { philoxWords } from '../reference/philox.ts';
import { FLUSH, ROUNDING } from '../reference/rounding.ts';
import { sizeOf, zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { addDelta } from './change.ts';
import { withoutLastLane } from './mutants.ts';
import type { Inputs, Mutant, Options, Proof, Sample, SampleTensor } from './proof.ts';
import { normals } from './sample-data.ts';
import { FLAG, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** The stream of random numbers that masks come from. */
const STREAM = 3;

/**
 * y = x/(1 − p) where the element is kept, else 0. Which are kept is the op's documented scheme: word i mod 4 of
 * Philox-4x32-10 with counter [⌊i/4⌋, step, 3, layer] and the seed as its key, of which the upper 24 bits count.
 * The mask is the pattern of branches: drawn once, and the same for all that is computed at one point.
 */
export const dropout: Proof = {
  differentiable: ['x'],
  branches: keptOf,
  forward: (inputs, options, _rounding, kept = keptOf(inputs, options)) => masked(inputs.x, kept, options),
  backward: (inputs, _out, dout, options, _rounding, kept = keptOf(inputs, options)) => ({ x: masked(dout, kept, options) }),
  working: (inputs, options) => {
    const out = zeros(inputs.x.shape);
    keptOf(inputs, options).forEach((kept, i) => {
      out.value[i] = kept ? scaleOf(options) : 0;
      out.variance[i] = (ROUNDING * out.value[i]) ** 2;
    });
    return { mask: out };
  },
  complex: ({ x }, options, kept) => complexMapped(x, (z, i) => complexScale(z, kept?.[i] ? scaleOf(options) : 0)),

  perturb({ inputs: { x }, out, options, branches: kept }) {
    const scale = scaleOf(options);
    return () => {
      out.change.count = 0;
      for (let k = 0; k < x.change.count; k++) {
        const i = x.change.index[k];
        if (kept![i]) addDelta(out.change, i, scale * x.change.delta[k]);
      }
    };
  },

  samples: [
    sample('[1]', [1], 0.3, 0, counter(7, 1)),
    sample('[5]', [5], 0.5, 0, counter(8, 2)),
    sample('[16, 17]', [16, 17], 0.5, 1, counter(42, 3)),
    sample('[3, 7, 11]', [3, 7, 11], 0.1, 2, counter(42, 4)),
    sample('[255]: blocks end inside', [255], 0.25, 0, counter(42, 5)),
    sample('[257]', [257], 0.75, 0, counter(42, 5)),
    sample('[263, 3]: more lanes than a workgroup', [263, 3], 0.2, 5, counter(0, 0)),
    sample('nothing is dropped', [67], 0, 0, counter(3, 9)),
    sample('nearly all are dropped', [67, 5], 0.95, 0, counter(3, 9)),
    sample('a seed beyond 32 bits', [67], 0.5, 0, counter(2 ** 33 + 5, 9)),
    sample('a late step of a late layer', [67], 0.5, 0xfffffffe, counter(1, 0xfffffffd)),
  ],
  sizes: sizesFrom(
    { rows: [1, 67], columns: [1, 263], layer: [0, 3], half: FLAG },
    ({ rows, columns, layer, half }, seed) => {
      const options = { p: half ? 0.5 : 0.2, layer };
      let step = seed % 1000;
      // Something must be left to prove.
      while (maskOf(1, options, [seed, 0, step])[0] === 0) step++;
      return { options, inputs: { x: matrixOf(seed, 0, [rows, columns]), counter: counter(seed, step) } };
    },
    ({ options, inputs: { x } }) => ({ ...rowsAndColumns(x.shape), layer: Number(options.layer ?? 0), half: options.p === 0.5 ? 1 : 0 }),
  ),
  mutants: [
    mutant('the scale forgotten', ['factor'], 'return x * mask;', 'return select(Value(0.0), x, mask > Value(0.0));'),
    mutant('the mask turned round', ['mask'], '(words >> vec4u(8u)) >= ', '(words >> vec4u(8u)) < '),
    mutant('no mask', ['mask', 'factor'], 'return x * mask;', 'return x;'),
    mutant('the mask of the backward pass without its scale', ['factor'], 'column, mask);', 'column, min(mask, Value(1.0)));'),
    mutant('another mask in the backward pass', ['mask'], 'column, mask);', 'column, select(Value(1.0), Value(0.0), mask > Value(0.0)));'),
    mutant('the step does not count', ['mask'], 'operand0[2u], ', '0u, '),
    mutant('the seed does not count', ['mask'], 'vec2u(operand0[0u], ', 'vec2u(0u, '),
    mutant('the upper half of the seed does not count', ['mask'], 'operand0[0u], operand0[1u])', 'operand0[0u], 0u)'),
    mutant('one word for four elements', ['mask'], '(words >> ', '(words.xxxx >> '),
    mutant('the lower bits', ['mask'], 'words >> vec4u(8u)', 'words & vec4u(0xffffffu)'),
    mutant('a round too few', ['mask'], 'round < 10u', 'round < 9u'),
    mutant('the next block of words', ['mask'], 'block_operand0(index / 4u)', 'block_operand0(index / 4u + 1u)'),
    { name: 'the gradient without the mask', kernel: /^mul$/, find: 'return a * b;', replace: 'return a;', symptoms: ['mask'] },
    withoutLastLane(/^dropout/),
  ],
  conventions: [],
};

function mutant(name: string, symptoms: Mutant['symptoms'], find: string, replace: string): Mutant {
  return { name, kernel: /^dropout/, find, replace, symptoms };
}

function sample(name: string, shape: readonly number[], p: number, layer: number, at: SampleTensor): Sample {
  return { name: `${name}, p = ${p}`, options: { p, layer }, inputs: { x: normals(811 + sizeOf(shape), shape), counter: at } };
}

function counter(seed: number, step: number): SampleTensor {
  return { shape: [3], data: Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32), step) };
}

function scaleOf({ p }: Options): number {
  return 1 / (1 - Number(p));
}

/** The mask of an application: 1 where the element is kept. */
function keptOf({ x, counter: at }: Inputs, options: Options): Uint8Array {
  return maskOf(x.value.length, options, at.value);
}

function maskOf(size: number, { p, layer = 0 }: Options, [low, high, step]: ArrayLike<number> & Iterable<number>): Uint8Array {
  const kept = new Uint8Array(size);
  const threshold = Math.round(Number(p) * 2 ** 24);
  for (let block = 0; block * 4 < size; block++) {
    const words = philoxWords([block, step, STREAM, Number(layer)], [low, high]);
    for (let i = block * 4; i < Math.min(size, block * 4 + 4); i++) kept[i] = Math.floor(words[i % 4] / 2 ** 8) >= threshold ? 1 : 0;
  }
  return kept;
}

/** x/(1 − p) where kept, else exactly 0. The factor itself is rounded, and so is the product; without a factor both are exact. */
function masked(x: RefTensor, kept: Uint8Array, options: Options): RefTensor {
  const out = zeros(x.shape);
  const scale = scaleOf(options);
  const rounding = scale === 1 ? 0 : Math.SQRT2 * ROUNDING;
  for (let i = 0; i < kept.length; i++) {
    if (!kept[i]) continue;
    out.value[i] = scale * x.value[i];
    out.variance[i] = scale * scale * x.variance[i] + (rounding * out.value[i]) ** 2 + (scale === 1 ? 0 : FLUSH ** 2);
  }
  return out;
}
