import { LOWEST, maskDeclaration, maskFunction, type AttentionMask } from './attention-parts.wgsl.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { float, wgsl } from './wgsl.ts';

/** Rows of scores, of `queries` each in every matrix. */
export interface WeightsSpec {
  readonly matrices: number;
  readonly queries: number;
  readonly keys: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly mask?: AttentionMask;
}

/** Whether a key is hidden by its mask, and what is added to its score. */
function maskText({ mask }: WeightsSpec): { added: string; hidden: string } {
  if (!mask) return { added: '', hidden: 'false' };
  return mask.kind === 'additive' ? { added: ' + given', hidden: `given <= ${LOWEST}` } : { added: '', hidden: 'given == 0.0' };
}

/** From dot products to weights: scaled, masked, softmax over the keys that are seen; one lane makes one row. A row that sees none is 0. */
export function attentionWeights(spec: WeightsSpec): Kernel {
  const { matrices, queries, keys, scale, causal, mask } = spec;
  const rows = matrices * queries;
  const { added, hidden } = maskText(spec);
  return laneKernel({
    name: 'attention-weights/row',
    formula: 'weights = e^(z - max z) / Σ e^(z - max z) over each row, z = scale · scores + mask',
    declarations: [
      { name: 'scores', access: 'read', type: arrayType(rows * keys) }, ...maskDeclaration(spec), { name: 'weights', access: 'write', type: arrayType(rows * keys) },
    ],
    functions: maskFunction(spec),
    count: rows,
    body: wgsl`
let start = lane * ${keys}u;
  let end = ${causal ? `min(lane % ${queries}u + 1u, ${keys}u)` : `${keys}u`};
  var largest = ${LOWEST};
  for (var s = 0u; s < end; s++) {
#if ${mask !== undefined}
    let given = load_mask(lane, s);
#endif
    let score = select(scores[start + s] * ${float(scale)}${added}, ${LOWEST}, ${hidden});
    weights[start + s] = score;
    largest = max(largest, score);
  }
  var total = 0.0;
  for (var s = 0u; s < end; s++) {
    let score = weights[start + s];
    let weight = select(exp(score - largest), 0.0, score <= ${LOWEST});
    weights[start + s] = weight;
    total += weight;
  }
  let inverse = select(0.0, 1.0 / total, total > 0.0);
  for (var s = 0u; s < end; s++) {
    weights[start + s] *= inverse;
  }
#if ${causal}
  for (var s = end; s < ${keys}u; s++) {
    weights[start + s] = 0.0;
  }
#endif`,
  });
}

/** The gradient of what the softmax is taken of: one lane makes one row. */
export function attentionWeightsGradient({ matrices, queries, keys }: WeightsSpec): Kernel {
  const rows = matrices * queries;
  return laneKernel({
    name: 'attention-weights-gradient/row',
    formula: 'dz = weights · (dweights - Σ weights · dweights) over each row',
    declarations: [
      { name: 'weights', access: 'read', type: arrayType(rows * keys) }, { name: 'dweights', access: 'read', type: arrayType(rows * keys) },
      { name: 'dz', access: 'write', type: arrayType(rows * keys) },
    ],
    count: rows,
    body: wgsl`
let start = lane * ${keys}u;
  var inner = 0.0;
  for (var s = 0u; s < ${keys}u; s++) {
    inner += weights[start + s] * dweights[start + s];
  }
  for (var s = 0u; s < ${keys}u; s++) {
    dz[start + s] = weights[start + s] * (dweights[start + s] - inner);
  }`,
  });
}
