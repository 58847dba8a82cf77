import { addDelta, deltaAt } from './change.ts';
import type { Change } from './change.ts';
import { contractInto, eachMeeting } from './convolution-sums.ts';
import type { Geometry, Part } from './convolution-sums.ts';
import type { Place, Site } from './proof.ts';

/** Where more than this share of a tensor moves, one pass over all products is faster than one element after the other. */
const MANY = 1 / 16;

/**
 * The change of out = w ⋆ x + bias, where x is the part `source` and the output the part `result`: Δx·w for each changed x, then
 * (x + Δx)·Δw for each changed w, and the bias's change at all places of its channel.
 */
export function convolutionChange({ inputs: { x, weight, bias }, out }: Place & { inputs: { bias?: Site } }, g: Geometry, source: Part, result: Part): () => void {
  const channels = out.shape[1];
  const area = out.shape.slice(2).reduce((product, size) => product * size, 1);
  const dense = { x: new Float64Array(x.value.length), w: new Float64Array(weight.value.length), out: new Float64Array(out.value.length) };
  const spread = (change: Change, to: Float64Array, base?: Float64Array): Float64Array => {
    if (base) to.set(base);
    else to.fill(0);
    for (let k = 0; k < change.count; k++) to[change.index[k]] += change.delta[k];
    return to;
  };
  const all = (left: Float64Array, right: Float64Array): void => {
    dense.out.fill(0);
    contractInto(g, [result, dense.out], [source, left], ['w', right]);
    for (let i = 0; i < dense.out.length; i++) addDelta(out.change, i, dense.out[i]);
  };
  return () => {
    out.change.count = 0;
    if (x.change.count > MANY * x.value.length) all(spread(x.change, dense.x), weight.value);
    else {
      for (let k = 0; k < x.change.count; k++) {
        const delta = x.change.delta[k];
        eachMeeting(g, source, x.change.index[k], (xAt, w, o) => addDelta(out.change, result === 'o' ? o : xAt, delta * weight.value[w]));
      }
    }
    if (weight.change.count > MANY * weight.value.length) all(spread(x.change, dense.x, x.value), spread(weight.change, dense.w));
    else {
      const hasMoved = x.change.count > 0;
      for (let k = 0; k < weight.change.count; k++) {
        const delta = weight.change.delta[k];
        eachMeeting(g, 'w', weight.change.index[k], (xAt, _, o) => {
          const [from, to] = result === 'o' ? [xAt, o] : [o, xAt];
          addDelta(out.change, to, delta * (x.value[from] + (hasMoved ? deltaAt(x.change, from) : 0)));
        });
      }
    }
    if (!bias) return;
    for (let k = 0; k < bias.change.count; k++) {
      for (let n = 0; n < out.shape[0]; n++) {
        const start = (n * channels + bias.change.index[k]) * area;
        for (let i = 0; i < area; i++) addDelta(out.change, start + i, bias.change.delta[k]);
      }
    }
  };
}
