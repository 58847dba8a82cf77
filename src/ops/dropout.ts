import * as formulas from '../../shaders/dropout.wgsl.ts';
import { bringing } from '../../shaders/formula.ts';
import { checkNumber, ShapeError } from '../errors.ts';
import { map } from './map.ts';
import type { LibraryOp, Options } from './op.ts';
import { showShape } from './tensor.ts';

/** Random numbers have this many bits. */
const BITS = 24;

/** What the formula takes: threshold, factor and layer. */
function parametersOf(who: string, { p, layer = 0 }: Options): readonly number[] {
  const probability = checkNumber(who, 'p', p, { min: 0, below: 1 });
  const number = checkNumber(who, 'layer', layer, { min: 0, max: 0xffffffff, integer: true });
  // A probability that rounds up to 1 would drop everything.
  const threshold = Math.min(Math.round(probability * 2 ** BITS), 2 ** BITS - 1);
  return [threshold, 1 / (1 - probability), number];
}

/**
 * out = x · mask (Srivastava et al. 2014, with inverted scaling): each element is 0 with probability p, else x/(1 − p).
 *
 * The mask is a function of `counter` [3] = [seed low, seed high, step], the option `layer` and the element's place i, and of
 * nothing else. With w = word i mod 4 of Philox-4x32-10(counter = [⌊i/4⌋, step, 3, layer], key = [seed low, seed high])
 * element i is dropped where ⌊w/2^8⌋ < round(p · 2^24).
 */
export const dropout: LibraryOp = /* @__PURE__ */ bringing(formulas.dropout(), {
  name: 'dropout',
  group: 'regularisation',
  formula: 'out = 0 with probability p, else x / (1 - p)',
  notes: 'The mask is a function of seed, step, layer and element (Philox): it can be replayed.',
  inputs: ['x', 'counter'],
  constants: ['counter'],
  options: ['p', 'layer'],
  shapes: ({ x, counter }, options, who) => {
    parametersOf(who, options);
    if (counter!.type !== 'u32' || counter!.shape.length !== 1 || counter!.shape[0] !== 3) {
      throw new ShapeError(who, 'a u32 counter [3]: seed low, seed high, step', `${counter!.type} ${showShape(counter!.shape)}`);
    }
    return { out: x!.shape };
  },
  saves: ({ x }) => ({ mask: x!.shape }),
  forward: ({ inputs: { x, counter }, outputs, saved, options }) => [
    map(x!, [{ formula: 'dropout', parameters: parametersOf('dropout', options), operands: [counter!], saveDrawn: saved.mask! }], outputs.out!),
  ],
  backward: ({ saved: { mask }, gradients, wanted }) => ({
    requests: wanted.x ? [map(gradients.out!, [{ formula: 'mul', operands: [mask!] }], wanted.x)] : [],
  }),
});
