import {
  blobs, circles, crossEntropy, type Dataset, digits, gelu, leakyRelu, linear, linearRegression, type Loss, type Module, moons, mse, relu,
  sequential, sigmoid, silu, sineRegression, spiral, split, tanh, type TrainTest, xor,
} from 'chainrule';
import type { Activation, Config } from '../config.ts';
import type { Sample, View } from '../protocol.ts';

/** What a run trains on. */
export interface Problem extends TrainTest {
  readonly layers: readonly number[];
  readonly loss: Loss;
  readonly guessing: number;
  readonly sample: Sample;
}

/** Points that a picture shows: more would hide the surface behind them. */
const drawnPoints = 360;
const drawnImages = 32;

const activation: Readonly<Record<Activation, () => Module>> = { relu, tanh, sigmoid, silu, gelu, leakyRelu };

export function net({ layers }: Problem, { activation: name }: Config): Module {
  const [inputs, hidden, outputs] = layers;
  return sequential(linear(inputs, hidden), activation[name](), linear(hidden, outputs));
}

function generate({ data, seed }: Config): TrainTest {
  const points = { points: 1256, seed };
  const parts = (of: Dataset): TrainTest => split(of, { train: 1000, test: 256 }, { seed });
  switch (data) {
    case 'spiral': return parts(spiral(points));
    case 'circles': return parts(circles(points));
    case 'moons': return parts(moons(points));
    // Some noise, so that the border has something to decide.
    case 'xor': return parts(xor({ ...points, noise: 0.05 }));
    case 'blobs': return parts(blobs(points));
    case 'line': return parts(linearRegression(points));
    case 'sine': return parts(sineRegression(points));
    case 'digits': return split(digits({ count: 2560, seed }), { train: 2048, test: 512 }, { seed });
    case 'mnist': throw new Error('MNIST comes from files');
  }
}

/** The data set of a configuration and the net's shape for it. Throws the library's typed errors. */
export function problem(config: Config, files: TrainTest | undefined): Problem {
  const { train, test } = config.data === 'mnist' && files ? files : generate(config);
  const width = train.inputShape.reduce((product, size) => product * size, 1);
  const outputs = train.classes ?? 1;
  return {
    train, test,
    layers: [width, config.hidden, outputs],
    loss: train.classes === undefined ? mse() : crossEntropy(),
    guessing: train.classes === undefined ? variance(train.targets) : Math.log(train.classes),
    sample: sampleOf(train, test, width),
  };
}

function variance(values: ArrayLike<number>): number {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length;
}

function sampleOf(train: Dataset, test: Dataset, width: number): Sample {
  const { classes } = train;
  if (classes === undefined) {
    const inputs = train.inputs.slice(0, drawnPoints);
    const targets = Float32Array.from(train.targets.subarray(0, drawnPoints));
    return { kind: 'curve', inputs, targets, view: viewOf(inputs, targets, false) };
  }
  if (width === 2) {
    const inputs = train.inputs.slice(0, 2 * drawnPoints);
    const axis = (offset: number): Float32Array => inputs.filter((_, i) => i % 2 === offset);
    return { kind: 'points', inputs, labels: Uint32Array.from(train.targets.subarray(0, drawnPoints)), classes, view: viewOf(axis(0), axis(1), true) };
  }
  const count = Math.min(drawnImages, test.length);
  return {
    kind: 'images', side: Math.round(Math.sqrt(width)), classes, labels: Uint32Array.from(test.targets.subarray(0, count)),
    pixels: Uint8Array.from(test.inputs.subarray(0, count * width), (value) => Math.round(value * 255)),
  };
}

/** A view that holds all points with some room; a square where both axes have one unit. */
function viewOf(x: Float32Array, y: Float32Array, square: boolean): View {
  const range = (values: Float32Array): { middle: number; half: number } => {
    const low = values.reduce((least, value) => Math.min(least, value), Infinity);
    const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
    return { middle: (low + high) / 2, half: Math.max((high - low) / 2, 1e-3) * 1.12 };
  };
  const [across, up] = [range(x), range(y)];
  const half = Math.max(across.half, up.half);
  const [halfAcross, halfUp] = square ? [half, half] : [across.half, up.half];
  return { left: across.middle - halfAcross, right: across.middle + halfAcross, bottom: up.middle - halfUp, top: up.middle + halfUp };
}
