import { over, type Draw, type Formulas } from './formula.ts';
import { philoxFunctions } from './philox.wgsl.ts';
import { float, wgsl } from './wgsl.ts';

/** The stream of `src/data/philox.ts` that masks are drawn from. */
const STREAM = 3;

const philox = { text: () => philoxFunctions };

/** A block of words is the mask of four elements, which need not be where four columns are. */
const masks: Draw = ({ parameters: [threshold, scale, layer], saveDrawn = '' }, { name, element, rows, columns, index }) => wgsl`
fn block_${name}(block: u32) -> vec4f {
  let words = philox(vec4u(block, ${element(2)}, ${STREAM}u, ${layer!}u), vec2u(${element(0)}, ${element(1)}));
  return select(vec4f(0.0), vec4f(${float(scale!)}), (words >> vec4u(8u)) >= vec4u(${threshold!}u));
}

fn load_${name}(row: u32, column: u32) -> Value {
  let index = ${index};
#if ${columns % 4 === 0 || rows === 1}
  let mask = block_${name}(index / 4u);
#else
  let first = block_${name}(index / 4u);
  let next = block_${name}(index / 4u + 1u);
  var mask = first;
  switch index % 4u {
    case 1u: {
      mask = vec4f(first.yzw, next.x);
    }
    case 2u: {
      mask = vec4f(first.zw, next.xy);
    }
    case 3u: {
      mask = vec4f(first.w, next.xyz);
    }
    default: {}
  }
#endif
#if ${saveDrawn !== ''}
  store_${saveDrawn}(row, column, mask);
#endif
  return mask;
}
`;

/**
 * dropout(x) = x · mask, with a mask that is drawn: a block of Philox's words for four elements. Its parameters are the threshold (an integer
 * in [0, 2^24): words of 24 bits below it drop their element), the factor of those that stay, and the layer, which separates the masks of one
 * step. Its operand is the counter: seed low, seed high, step.
 */
export const dropout = (): Formulas => ({
  dropout: {
    ...over(['x', 'mask'], 'return x * mask;', [philox]),
    draws: masks,
  },
});
