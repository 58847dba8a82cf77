import { Random, filled } from '../harness/random.ts';
import { sizeOf, type HostTensor, type Named } from '../harness/host-tensor.ts';
import type { Net } from './case.ts';

type Shapes = Record<string, readonly number[]>;

const linear = (name: string, from: number, to: number): Shapes => ({ [`${name}.weight`]: [to, from], [`${name}.bias`]: [to] });

const norm = (name: string, width: number): Shapes => ({ [`${name}.weight`]: [width], [`${name}.bias`]: [width] });

const convolution = (name: string, from: number, to: number, kernel: number): Shapes => ({ [`${name}.weight`]: [to, from, kernel, kernel] });

/** A residual block of two convolutions; where the shape changes, a third takes the input there. */
function residual(name: string, from: number, to: number): Shapes {
  return {
    ...convolution(`${name}.conv1`, from, to, 3), ...norm(`${name}.bn1`, to), ...convolution(`${name}.conv2`, to, to, 3), ...norm(`${name}.bn2`, to),
    ...(from === to ? {} : { ...convolution(`${name}.downsample.0`, from, to, 1), ...norm(`${name}.downsample.1`, to) }),
  };
}

/** The residual net's blocks by their place in the model: channels before and after, stride. */
export const residualBlocks = (width: number): readonly (readonly [name: string, from: number, to: number, stride: number])[] =>
  [['3', width, width, 1], ['4', width, 2 * width, 2], ['5', 2 * width, 4 * width, 2]];

/** Names and shapes of a net's parameters as PyTorch's sequential model has them. */
export function parameterShapes(net: Net): Shapes {
  switch (net.type) {
    case 'mlp':
      // Activations stand between the linear layers and count as layers.
      return Object.assign({}, ...net.sizes.slice(1).map((size, i) => linear(String(2 * i), net.sizes[i], size)));
    case 'lenet':
      return {
        ...convolution('0', 1, 6, 5), '0.bias': [6], ...convolution('3', 6, 16, 5), '3.bias': [16],
        ...linear('7', 400, 120), ...linear('9', 120, 84), ...linear('11', 84, 10),
      };
    case 'resnet':
      return {
        ...convolution('0', 3, net.width, 3), ...norm('1', net.width),
        ...Object.assign({}, ...residualBlocks(net.width).map(([name, from, to]) => residual(name, from, to))),
        ...linear('8', 4 * net.width, 10),
      };
    case 'lstm': {
      const layers = Array.from({ length: net.layers }, (_, layer): Shapes => ({
        [`lstm.weight_ih_l${layer}`]: [4 * net.units, layer === 0 ? net.features : net.units], [`lstm.weight_hh_l${layer}`]: [4 * net.units, net.units],
      }));
      return Object.assign({}, ...layers, linear('last', net.units, net.classes));
    }
    case 'transformer': {
      const { width, layers, time, vocabulary } = net;
      const block = (name: string): Shapes => ({
        [`${name}.self_attn.in_proj_weight`]: [3 * width, width], [`${name}.self_attn.in_proj_bias`]: [3 * width], ...linear(`${name}.self_attn.out_proj`, width, width),
        ...linear(`${name}.linear1`, width, 4 * width), ...linear(`${name}.linear2`, 4 * width, width), ...norm(`${name}.norm1`, width), ...norm(`${name}.norm2`, width),
      });
      return Object.assign({ '0.weight': [vocabulary, width], '1.weight': [time, width] },
        ...Array.from({ length: layers }, (_, layer) => block(String(2 + layer))), norm(String(2 + layers), width), linear(String(3 + layers), width, vocabulary));
    }
  }
}

const isNorm = (name: string, shapes: Shapes): boolean => shapes[`${name}.weight`]?.length === 1;

/** The same start values for every contestant: ±1/√(inputs of a unit); norms start as the identity, tables of vectors at ±0.1. */
export function initialParameters(net: Net, seed = 1): Named<HostTensor> {
  const random = new Random(seed);
  const shapes = parameterShapes(net);
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => {
    const owner = name.slice(0, name.lastIndexOf('.'));
    if (isNorm(owner, shapes)) return [name, filled(shape, name.endsWith('weight') ? 1 : 0)];
    if (net.type === 'transformer' && (name === '0.weight' || name === '1.weight')) return [name, random.uniform(shape, 0.1)];
    const weight = shape.length > 1 ? shape : shapes[name.replace(/bias$/, 'weight')];
    return [name, random.uniform(shape, 1 / Math.sqrt(sizeOf(weight.slice(1))))];
  }));
}

/** Running statistics of the batch normalisations. */
export function initialBuffers(net: Net): Named<HostTensor> {
  if (net.type !== 'resnet') return {};
  const shapes = parameterShapes(net);
  const owners = Object.keys(shapes).filter((name) => name.endsWith('.weight') && shapes[name].length === 1).map((name) => name.replace(/\.weight$/, ''));
  return Object.fromEntries(owners.flatMap((owner) => {
    const shape = shapes[`${owner}.weight`];
    return [[`${owner}.running_mean`, filled(shape, 0)], [`${owner}.running_var`, filled(shape, 1)]];
  }));
}

/** Multiply-adds of the forward pass for one example. */
function forwardProducts(net: Net): number {
  switch (net.type) {
    case 'mlp':
      return net.sizes.slice(1).reduce((sum, size, i) => sum + size * net.sizes[i], 0);
    case 'lenet':
      return 28 * 28 * 6 * 25 + 10 * 10 * 16 * 6 * 25 + 400 * 120 + 120 * 84 + 84 * 10;
    case 'resnet': {
      const sizes = { '3': 16, '4': 8, '5': 4 } as const;
      const blocks = residualBlocks(net.width).map(([name, from, to]) => sizes[name as '3'] ** 2 * (9 * from * to + 9 * to * to + (from === to ? 0 : from * to)));
      return 16 * 16 * 27 * net.width + blocks.reduce((sum, value) => sum + value, 0) + 40 * net.width;
    }
    case 'lstm':
      return net.time * 4 * net.units * (net.features + net.units + (net.layers - 1) * 2 * net.units) + net.units * net.classes;
    case 'transformer':
      return net.time * (net.layers * (12 * net.width ** 2 + 2 * net.time * net.width) + net.width * net.vocabulary);
  }
}

/** Multiply-adds of the first layer for one example: its input needs no gradient. */
function firstProducts(net: Net): number {
  switch (net.type) {
    case 'mlp': return net.sizes[0] * net.sizes[1];
    case 'lenet': return 28 * 28 * 6 * 25;
    case 'resnet': return 16 * 16 * 27 * net.width;
    case 'lstm': return net.time * 4 * net.units * net.features;
    // A table of vectors is no product.
    case 'transformer': return 0;
  }
}

/** Floating-point operations of a training step: products forward, for the inputs' gradients and for the weights'. Nothing else is counted. */
export function stepFlops(net: Net, batch: number): number {
  return 2 * batch * (3 * forwardProducts(net) - firstProducts(net));
}
