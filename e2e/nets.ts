// Nets in which launches can be fused in every way there is, for tests in Node and in the page.
import * as chainrule from '../src/index.ts';
import type { Loss, Module } from '../src/index.ts';

const { add, bceWithLogits, conv2d, crossEntropy, dropout, flatten, layerNorm, multiHeadAttention, groupNorm, gelu, leakyRelu, linear, module, mse, mul, relu, sequential, sigmoid, silu, softmax, sub, tanh } = chainrule;

export interface TestNet {
  readonly model: () => Module;
  readonly loss: () => Loss;
  /** Launches of forward and backward. */
  readonly fused: number;
  readonly unfused: number;
}

const activations: Readonly<Record<string, () => Module>> = {
  relu, tanh, sigmoid, silu, gelu, 'gelu-tanh': () => gelu({ approximate: 'tanh' }), leakyRelu: () => leakyRelu({ negativeSlope: 0.1 }),
};

export const testNets: Readonly<Record<string, TestNet>> = {
  // Fused: two products, the loss and its sum; then dW and dX of the last layer, and dW of the first with its mask.
  ...Object.fromEntries(Object.entries(activations).map(([name, activation]) => [name, {
    model: () => sequential(linear(7, 12), activation(), linear(12, 5)), loss: mse, fused: 7, unfused: 13,
  }])),
  // The activation's gradient is a prologue of dW and of dX.
  'tanh-before-mse': { model: () => sequential(linear(6, 9), relu(), linear(9, 4), tanh()), loss: mse, fused: 7, unfused: 15 },
  'sigmoid-before-bce': { model: () => sequential(linear(6, 9), silu(), linear(9, 3), sigmoid()), loss: bceWithLogits, fused: 7, unfused: 15 },
  'classes': { model: () => sequential(linear(8, 16), relu(), linear(16, 10)), loss: crossEntropy, fused: 7, unfused: 13 },
  'softmax-before-mse': { model: () => sequential(linear(5, 6), softmax()), loss: mse, fused: 6, unfused: 8 },
  // x is read by the layer and by the sum: the gradients of both are added.
  'skip': {
    model: () => module({ first: linear(6, 8), inner: linear(8, 8), last: linear(8, 3) }, ({ first, inner, last }, x) => {
      const hidden = first(x);
      return last(add(hidden, inner(hidden)));
    }), loss: mse, fused: 10, unfused: 18,
  },
  'two-layers-added': { model: () => module({ left: linear(5, 7), right: linear(5, 7) }, ({ left, right }, x) => add(left(x), right(x))), loss: mse, fused: 6, unfused: 11 },
  'shared-layer': {
    model: () => {
      const layer = linear(6, 6);
      return sequential(layer, tanh(), layer);
    }, loss: mse, fused: 8, unfused: 15,
  },
  // The activation follows the normalisation on its way out, and the gradient of the residual its gradient.
  'norm-residual': {
    model: () => module({ first: linear(6, 8), norm: layerNorm(8), act: gelu(), inner: linear(8, 8), last: linear(8, 3) }, ({ first, norm, act, inner, last }, x) => {
      const hidden = first(x);
      return last(add(hidden, inner(act(norm(hidden)))));
    }), loss: mse, fused: 13, unfused: 23,
  },
  // A group is several rows of the chain.
  'group-norm-residual': {
    model: () => module({ conv: conv2d(1, 6, 1), norm: groupNorm(3, 6), act: silu(), last: sequential(flatten(), linear(6 * 6, 2)) }, ({ conv, norm, act, last }, x) => {
      const hidden = conv(x);
      return last(add(hidden, act(norm(hidden))));
    }, { inputShape: [1, 2, 3] }), loss: mse, fused: 11, unfused: 16,
  },
  // Its heads' gradients are joined where they stand.
  'attention': {
    model: () => {
      const heads = multiHeadAttention(8, 2, { causal: true });
      return module({ heads, last: linear(8, 3) }, ({ heads: attention, last }, x) => last(attention(x)), { inputShape: [5, 8] });
    }, loss: mse, fused: 20, unfused: 31,
  },
  'gated': {
    model: () => module({ value: linear(5, 8), gate: linear(5, 8) }, ({ value, gate }, x) => mul(value(x), sub(gate(x), value(x)))), loss: mse, fused: 10, unfused: 21,
  },
  // No product takes part in what is between the layers: a chain of its own.
  'elementwise-chain': {
    model: () => module({ scale: linear(5, 5), act: tanh(), gate: sigmoid() }, ({ scale, act, gate }, x) => scale(mul(act(sub(mul(x, x), x)), gate(x)))), loss: mse, fused: 5, unfused: 11,
  },
  // Bias, activation and residual at the end of one product.
  'residual': {
    model: () => module({ first: linear(6, 8), inner: linear(8, 8), act: relu(), last: linear(8, 3) }, ({ first, inner, act, last }, x) => {
      const hidden = first(x);
      return last(add(act(inner(hidden)), hidden));
    }), loss: mse, fused: 10, unfused: 20,
  },
  'norm-after-residual': {
    model: () => module({ first: linear(6, 8), inner: linear(8, 8), norm: layerNorm(8), last: linear(8, 3) }, ({ first, inner, norm, last }, x) => {
      const hidden = first(x);
      return last(norm(add(hidden, inner(hidden))));
    }), loss: mse, fused: 13, unfused: 21,
  },
  // Its mask is drawn where the product is stored; the gradient's product with it joins its neighbours.
  'dropout': { model: () => sequential(linear(6, 16), relu(), dropout(0.3), linear(16, 4)), loss: crossEntropy, fused: 7, unfused: 15 },
  // Rows of 7 begin anywhere in a block of four random words, at the end of a product and in a chain between launches.
  'dropout-residual': {
    model: () => module({ first: linear(6, 7), inner: linear(7, 7), drop: dropout(0.4), norm: layerNorm(7), act: tanh(), last: linear(7, 3) }, ({ first, inner, drop, norm, act, last }, x) => {
      const hidden = first(x);
      const dropped = add(drop(inner(hidden)), hidden);
      return last(add(drop(act(norm(dropped))), dropped));
    }), loss: mse, fused: 14, unfused: 29,
  },
  'deep': {
    model: () => sequential(linear(5, 8), tanh(), linear(8, 8), silu(), linear(8, 7), relu(), linear(7, 8), gelu(), linear(8, 4)), loss: crossEntropy, fused: 16, unfused: 34,
  },
};
