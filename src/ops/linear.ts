import { ShapeError } from '../errors.ts';
import { map } from './map.ts';
import { multiply } from './matmul.ts';
import type { LibraryOp } from './op.ts';
import { forProduct } from './product.ts';
import { reduce } from './reduce.ts';
import { showShape, sizeOf } from './tensor.ts';

/** out = x · weightᵀ + bias, with x [..., in], weight [out, in] and bias [out] (PyTorch's layout). */
export const linear: LibraryOp = {
  name: 'linear',
  group: 'linear algebra',
  formula: 'out = x · weightᵀ + bias',
  notes: 'x […, in], weight [out, in], bias [out].',
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
    const read = forProduct(x!, () => scratch('plainX', x!.shape));
    const weights = forProduct(weight!, () => scratch('plainWeight', weight!.shape));
    const before = [...read.requests, ...weights.requests];
    if (!bias) return [...before, multiply({ transposeB: true }, read.tensor, weights.tensor, out!)];
    const product = scratch('product', out!.shape);
    return [...before, multiply({ transposeB: true }, read.tensor, weights.tensor, product), map(product, [{ formula: 'add', operands: [bias] }], out!)];
  },
  backward: ({ inputs: { x, weight }, gradients: { out: given }, wanted, scratch }) => {
    const { tensor: dout, requests } = forProduct(given!, () => scratch('plainGradient', given!.shape));
    const read = forProduct(x!, () => scratch('plainX', x!.shape));
    const weights = forProduct(weight!, () => scratch('plainWeight', weight!.shape));
    const features = dout.shape[dout.shape.length - 1]!;
    return {
      requests: [
        ...requests,
        ...(wanted.x ? [...weights.requests, multiply({}, dout, weights.tensor, wanted.x)] : []),                         // dX = dOut · W
        ...(wanted.weight ? [...read.requests, multiply({ transposeA: true }, dout, read.tensor, wanted.weight)] : []), // dW = dOutᵀ · X
        ...(wanted.bias ? [reduce(dout, { outer: 1, size: sizeOf(dout.shape) / features, inner: features, scale: 1 }, wanted.bias)] : []),
      ],
    };
  },
};
