import type { AttentionMask } from '../../shaders/attention-parts.wgsl.ts';
import { attentionWeights, attentionWeightsGradient, type WeightsSpec } from '../../shaders/attention-weights.wgsl.ts';
import { map } from './map.ts';
import { multiply } from './matmul.ts';
import type { Application, BackwardApplication } from './op.ts';
import { forProduct, withAxis } from './product.ts';
import { sumAxes } from './reduce.ts';
import { type KernelFamily, perElement, type Request } from './request.ts';
import { layoutOf, sizeOf, type Shape, type Tensor } from './tensor.ts';

export const weightsFamily: KernelFamily<WeightsSpec> = {
  flops: perElement('weights', 7),
  name: 'attention-weights',
  cut: 'attentionWeights',
  followsLayout: true,
  variants: [{ name: 'row', suits: () => true, kernel: attentionWeights }],
};

export const weightsGradientFamily: KernelFamily<WeightsSpec> = {
  flops: perElement('dz', 5),
  name: 'attention-weights-gradient',
  cut: 'attentionWeights',
  variants: [{ name: 'row', suits: () => true, kernel: attentionWeightsGradient }],
};

/** What a short attention is told beside its tensors. */
export interface ShortAttention {
  readonly scale: number;
  readonly causal: boolean;
  readonly mask: AttentionMask | undefined;
  /** Heads of the query for each head of keys. */
  readonly group: number;
}

/** The heads of a query [..., heads, T, D] as [..., shared heads, group, T, D]. */
function inGroups(tensor: Tensor, group: number): Tensor {
  if (group === 1) return tensor;
  const axis = tensor.shape.length - 3;
  const { layout, shape } = tensor;
  const { strides } = layoutOf(tensor);
  const split = (list: readonly number[], ...pair: number[]): number[] => [...list.slice(0, axis), ...pair, ...list.slice(axis + 1)];
  return {
    ...tensor, shape: split(shape, shape[axis]! / group, group),
    ...(layout ? { layout: { ...layout, strides: split(strides, strides[axis]! * group, strides[axis]!) } } : {}),
  };
}

/** Keys or values [..., heads, S, D] beside those. */
const forGroups = (tensor: Tensor, group: number): Tensor => (group === 1 ? tensor : withAxis(tensor, tensor.shape.length - 2));

/** The inputs as products read them, and the shape of the weights. */
function parts({ inputs, scratch }: Application, { group }: ShortAttention) {
  const requests: Request[] = [];
  const plain = (name: 'query' | 'key' | 'value'): Tensor => {
    const given = forProduct(inputs[name]!, () => scratch(`${name}Copy`, inputs[name]!.shape));
    requests.push(...given.requests);
    return given.tensor;
  };
  const query = inGroups(plain('query'), group);
  const key = forGroups(plain('key'), group);
  const value = forGroups(plain('value'), group);
  return { requests, query, key, value };
}

function specOf(weights: Shape, { scale, causal, mask }: ShortAttention): WeightsSpec {
  return { matrices: sizeOf(weights.slice(0, -2)), queries: weights.at(-2)!, keys: weights.at(-1)!, scale, causal, ...(mask ? { mask } : {}) };
}

/** Scores, softmax, product: three launches that store the weights [..., heads, T, S]. */
export function shortForward(application: Application, attention: ShortAttention): Request[] {
  const { inputs: { mask }, outputs, saved, scratch } = application;
  const { requests, query, key, value } = parts(application, attention);
  const weights = saved.weights!;
  const scores = scratch('scores', weights.shape);
  const { group } = attention;
  return [
    ...requests,
    multiply({ transposeB: true }, query, key, inGroups(scores, group)),
    { family: weightsFamily, spec: specOf(weights.shape, attention), reads: { scores, ...(mask ? { mask } : {}) }, writes: { weights } },
    multiply({}, inGroups(weights, group), value, inGroups(outputs.out!, group)),
  ];
}

/** dvalue = weightsᵀ · dout; dz from dout · valueᵀ; dquery = scale · dz · key, dkey = scale · dzᵀ · query; dmask = dz, summed back. */
export function shortBackward(application: BackwardApplication, attention: ShortAttention): Request[] {
  const { inputs, saved, gradients, wanted, scratch } = application;
  const { requests, query, key, value } = parts(application, attention);
  const { group, scale, mask } = attention;
  const weights = saved.weights!;
  const given = forProduct(gradients.out!, () => scratch('doutCopy', gradients.out!.shape));
  const dout = inGroups(given.tensor, group);
  const all: Request[] = [...requests, ...given.requests];
  const scaled = (name: string, wantedOne: Tensor, make: (to: Tensor) => Request): void => {
    const product = scratch(name, wantedOne.shape);
    all.push(make(product), map(product, [{ formula: 'scale', parameters: [scale] }], wantedOne));
  };
  if (wanted.value) all.push(multiply({ transposeA: true }, inGroups(weights, group), dout, forGroups(wanted.value, group)));
  const wantsMask = wanted.mask !== undefined && mask?.kind === 'additive';
  if (wanted.query || wanted.key || wantsMask) {
    const dweights = scratch('dweights', weights.shape);
    const dz = scratch('dz', weights.shape);
    const ofGroups = inGroups(dz, group);
    all.push(
      multiply({ transposeB: true }, dout, value, inGroups(dweights, group)),
      { family: weightsGradientFamily, spec: specOf(weights.shape, attention), reads: { weights, dweights }, writes: { dz } },
    );
    if (wanted.query) scaled('unscaledQuery', wanted.query, (to) => multiply({}, ofGroups, key, inGroups(to, group)));
    if (wanted.key) scaled('unscaledKey', wanted.key, (to) => multiply({ transposeA: true }, ofGroups, query, forGroups(to, group)));
    if (wantsMask) all.push(...summedBack(dz, wanted.mask!));
  }
  if (wanted.mask && !wantsMask) all.push(map(inputs.mask!, [{ formula: 'zero' }], wanted.mask));
  return all;
}

/** dz summed over the axes along which the mask was stretched. */
function summedBack(dz: Tensor, out: Tensor): Request[] {
  const missing = dz.shape.length - out.shape.length;
  const axes = dz.shape.flatMap((size, axis) => (size > 1 && (axis < missing || out.shape[axis - missing] === 1) ? [axis] : []));
  return axes.length > 0 ? sumAxes(dz, axes, 1, out) : [map(dz, [], { ...out, shape: dz.shape })];
}
