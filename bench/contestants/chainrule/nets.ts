import {
  add, batchNorm2d, conv2d, embedding, flatten, functional, globalAvgPool2d, layerNorm, linear, lstm, maxPool2d, module, positionalEmbedding, relu, sequential,
  transformerEncoderLayer, type Module,
} from 'chainrule';
import type { Net } from '../../cases/case.ts';
import { residualBlocks } from '../../cases/nets.ts';

/** No bias: the normalisation that follows would take it away again. */
const convolution = (from: number, to: number, kernel: number, stride = 1): Module => conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, bias: false });

function residual(from: number, to: number, stride: number): Module {
  const layers = { conv1: convolution(from, to, 3, stride), bn1: batchNorm2d(to), conv2: convolution(to, to, 3), bn2: batchNorm2d(to), act: relu() };
  if (from === to) return module(layers, ({ conv1, bn1, conv2, bn2, act }, x) => act(add(x, bn2(conv2(act(bn1(conv1(x))))))));
  return module({ ...layers, downsample: sequential(convolution(from, to, 1, stride), batchNorm2d(to)) }, ({ conv1, bn1, conv2, bn2, act, downsample }, x) =>
    act(add(downsample(x), bn2(conv2(act(bn1(conv1(x))))))));
}

/** The net of a case, with parameters named and shaped as `parameterShapes` says. */
export function modelOf(net: Net): Module {
  switch (net.type) {
    case 'mlp':
      return sequential(...net.sizes.slice(1).flatMap((size, i) => [...(i > 0 ? [relu()] : []), linear(net.sizes[i], size)]));
    case 'lenet':
      return sequential(
        conv2d(1, 6, 5, { padding: 2 }), relu(), maxPool2d(2), conv2d(6, 16, 5), relu(), maxPool2d(2),
        flatten(), linear(400, 120), relu(), linear(120, 84), relu(), linear(84, 10),
      );
    case 'resnet':
      return sequential(
        convolution(3, net.width, 3), batchNorm2d(net.width), relu(), ...residualBlocks(net.width).map(([, from, to, stride]) => residual(from, to, stride)),
        globalAvgPool2d(), flatten(), linear(4 * net.width, 10),
      );
    case 'lstm':
      // One bias for each gate or two train differently, and the libraries differ: there is none.
      return module({ lstm: lstm(net.features, net.units, { numLayers: net.layers, bias: false }), last: linear(net.units, net.classes) },
        (layers, x) => layers.last(functional.select(layers.lstm(x), 1, net.time - 1)));
    case 'transformer':
      return sequential(
        embedding(net.vocabulary, net.width), positionalEmbedding(net.time, net.width),
        ...Array.from({ length: net.layers }, () => transformerEncoderLayer(net.width, net.heads, { causal: true, normFirst: true, dropout: 0 })),
        layerNorm(net.width), linear(net.width, net.vocabulary),
      );
  }
}
