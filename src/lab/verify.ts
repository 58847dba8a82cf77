// The page's part of `npm run verify`: trains, checks and measures with the public API alone.
import { adam, compile, crossEntropy, digits, linear, mnist, openDevice, relu, sequential, type Dataset, type Trainer } from 'chainrule';
import { checkGradients, selfTest, type SelfTestData } from 'chainrule/gradcheck';
import type { VerifiedGradients, VerifyCounts, VerifyMeasured, VerifyOptions } from './verify-result.ts';

interface Command {
  /** Shows a line while the user waits. */
  chainruleVerifyProgress(line: string): void;
  /** Calls to WebGPU so far, counted from outside the library. */
  chainruleVerifyCounts(): VerifyCounts;
}
const command = globalThis as unknown as Command;

const hidden = 128;
const batchSize = 64;
const epochs = 10;
const learningRate = 1e-3;
const seed = 42;
const trainDigits = 8000;
const testDigits = 1000;

async function fetchBytes(url: string): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`verify: needs ${url}, got status ${response.status}.`);
  return response.arrayBuffer();
}

async function load(options: VerifyOptions): Promise<{ train: Dataset; test: Dataset }> {
  // Other seeds draw other digits: the test digits are none of the training's.
  if (!options.mnist) return { train: digits({ count: trainDigits, seed: 1 }), test: digits({ count: testDigits, seed: 2 }) };
  const files = await Promise.all(options.mnist.map(async (url) => [url, await fetchBytes(url)] as const));
  return mnist(Object.fromEntries(files));
}

/**
 * One batch as training takes it, but of digits that it does not see: on those that a net has learnt by heart, gradients
 * vanish in rounding noise and prove nothing.
 */
function checkedBatch({ inputs, inputShape, targets }: Dataset): { inputs: Float32Array; targets: Float32Array | Uint32Array } {
  return { inputs: inputs.slice(0, batchSize * inputShape[0]), targets: targets.slice(0, batchSize) };
}

async function prove(trainer: Trainer, data: Dataset, when: string): Promise<VerifiedGradients> {
  command.chainruleVerifyProgress(`proving gradients ${when} training`);
  const { passed, verdict, checked, total, proven, tensors } = await checkGradients(trainer, { batch: checkedBatch(data) });
  const [worst] = tensors.flatMap(({ name, worst }) => (worst ? [{ name, ...worst }] : [])).sort((a, b) => b.margin - a.margin);
  if (!worst) throw new Error(`verify: needs gradients to compare ${when} training, got none.`);
  return { passed, verdict, checked, total, proven, worst: { tensor: worst.name, error: Math.abs(worst.gpu - worst.reference), allowed: worst.tolerance } };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

async function verify(options: VerifyOptions): Promise<VerifyMeasured> {
  const { train, test } = await load(options);
  const device = await openDevice();
  command.chainruleVerifyProgress('testing every op on this adapter');
  const tested = await selfTest(device);
  const size = train.inputShape[0];
  const model = sequential(linear(size, hidden), relu(), linear(hidden, 10));
  await using trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adam({ lr: learningRate }), batchSize, seed });
  const before = await prove(trainer, test, 'before');

  const start = performance.now();
  const epochMs: number[] = [];
  let last = start;
  // The first epoch allocates what the later ones reuse.
  let settled: { counts: VerifyCounts; step: number } | undefined;
  const { steps, epochs: reports } = await trainer.fit(train, {
    epochs,
    onEpoch: ({ epoch, loss }) => {
      epochMs.push(performance.now() - last);
      settled ??= { counts: command.chainruleVerifyCounts(), step: trainer.stepCount };
      command.chainruleVerifyProgress(`epoch ${epoch + 1} of ${epochs}: loss ${loss.toFixed(4)}`);
      last = performance.now();
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const counts = command.chainruleVerifyCounts();
  const perStep = (name: keyof VerifyCounts): number => (counts[name] - settled!.counts[name]) / (trainer.stepCount - settled!.step);

  const evaluation = await trainer.evaluate(test);
  return {
    adapter: device.name,
    // As JSON has it: Infinity would become null on the way out.
    selfTest: tested.toJSON() as unknown as SelfTestData,
    data: { source: options.mnist ? 'mnist' : 'digits', name: options.mnist ? train.name : 'drawn digits', train: train.length, test: test.length },
    net: { layers: `${size}-${hidden}-10, ReLU`, parameters: trainer.parameterCount },
    training: {
      optimizer: 'Adam', learningRate, batchSize, epochs, steps, seed, seconds,
      firstLoss: reports[0].loss, lastLoss: reports[reports.length - 1].loss,
    },
    step: {
      ms: median(epochMs.slice(1)) / (steps / epochs),
      dispatches: perStep('dispatches'), submits: perStep('submits'),
      buffersCreated: perStep('buffers'), bindGroupsCreated: perStep('bindGroups'),
    },
    gradients: { before, after: await prove(trainer, test, 'after') },
    test: { accuracy: evaluation.accuracy ?? NaN, loss: evaluation.loss },
  };
}

Object.assign(globalThis, { chainruleVerify: verify });
