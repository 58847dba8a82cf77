import { ShapeError } from '../errors.ts';
import { map } from './map.ts';
import { matmulFamily, multiply } from './matmul.ts';
import type { Op } from './op.ts';
import { reduce, reduceFamily } from './reduce.ts';
import { showShape, sizeOf } from './tensor.ts';

/** out = x · weightᵀ + bias, with x [..., in], weight [out, in] and bias [out] (PyTorch's layout). */
export const linear: Op = {
  name: 'linear',
  families: [matmulFamily, reduceFamily],
  inputs: ['x', 'weight', 'bias'],
  optional: ['bias'],
  shapes: ({ x, weight, bias }, _, who) => {
    const features = x!.shape[x!.shape.length - 1];
    if (x!.shape.length < 1 || weight!.shape.length !== 2 || features !== weight!.shape[1]) {
      throw new ShapeError(who, `an input [..., ${weight!.shape[1]}] for its weight ${showShape(weight!.shape)}`, showShape(x!.shape),
        'Make the layer before it as wide as this one expects, or put flatten() between them.');
    }
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== weight!.shape[0])) {
      throw new ShapeError(who, `a bias [${weight!.shape[0]}]`, showShape(bias.shape));
    }
    return { out: [...x!.shape.slice(0, -1), weight!.shape[0]!] };
  },
  forward: ({ inputs: { x, weight, bias }, outputs: { out }, scratch }) => {
    if (!bias) return [multiply({ transposeB: true }, x!, weight!, out!)];
    const product = scratch('product', out!.shape);
    return [multiply({ transposeB: true }, x!, weight!, product), map(product, [{ formula: 'add', operands: [bias] }], out!)];
  },
  backward: ({ inputs: { x, weight }, gradients: { out: dout }, wanted }) => {
    const features = dout!.shape[dout!.shape.length - 1]!;
    return {
      requests: [
        ...(wanted.x ? [multiply({}, dout!, weight!, wanted.x)] : []),                       // dX = dOut · W
        ...(wanted.weight ? [multiply({ transposeA: true }, dout!, x!, wanted.weight)] : []), // dW = dOutᵀ · X
        ...(wanted.bias ? [reduce(dout!, { outer: 1, size: sizeOf(dout!.shape) / features, inner: features, scale: 1 }, wanted.bias)] : []),
      ],
    };
  },
};
