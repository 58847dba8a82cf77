import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { philoxFunctions } from './philox.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

/** out = x · mask over `count` elements; the mask is 0 with probability threshold/2^24, else `scale`. */
export interface DropoutSpec {
  readonly count: number;
  /** An integer in [0, 2^24): random numbers of 24 bits below it drop their element. */
  readonly threshold: number;
  readonly scale: number;
  /** Separates the masks of one step. */
  readonly layer: number;
}

/** The stream of `src/data/philox.ts` that masks are drawn from. */
const STREAM = 3;

/** A lane draws one block of random words, which is the mask of four elements. The mask is kept for the backward pass. */
export function dropout({ count, threshold, scale, layer }: DropoutSpec): Kernel {
  return laneKernel({
    name: 'dropout/block',
    formula: 'out = x · mask, mask = 0 where the random word of the element says so, else 1/(1 - p)\ncounter = [seed low, seed high, step]',
    declarations: [
      { name: 'x', access: 'read', type: arrayType(count) },
      { name: 'counter', access: 'read', type: 'array<u32, 3>' },
      { name: 'out', access: 'write', type: arrayType(count) },
      { name: 'mask', access: 'write', type: arrayType(count) },
    ],
    functions: philoxFunctions,
    count: Math.ceil(count / 4),
    body: wgsl`
let words = philox(vec4u(lane, counter[2], ${STREAM}u, ${layer}u), vec2u(counter[0], counter[1]));
  let first = lane * 4u;
  for (var i = 0u; i < 4u && first + i < ${count}u; i++) {
    let factor = select(0.0, ${float(scale)}, (words[i] >> 8u) >= ${threshold}u);
    mask[first + i] = factor;
    out[first + i] = x[first + i] * factor;
  }`,
  });
}
