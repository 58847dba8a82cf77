// Runs in the page: nets whose tensors are larger than what a launch may bind.
import { adam, compile, crossEntropy, dataset, embedding, flatten, gelu, linear, metrics, mse, openDevice, relu, sequential, sgd, softmax, type Device, type Trainer } from '../../src/index.ts';
import { checkGradients } from '../../src/gradcheck.ts';
import { cutNets, examplesOf, type CutNet, type CutNetName } from '../cut-nets.ts';
import { counted } from './page-kit.ts';

export interface Trained {
  readonly losses: number[];
  readonly values: number[];
  readonly predicted: number[];
  readonly launches: number;
  readonly submits: number;
  readonly made: number;
  readonly verdict: string;
  /** What the last step reported beside its loss. */
  readonly reported: number[];
}

const ROWS = 160;

/** A device, with a limit on bindings where it is given. */
async function deviceFor(most?: number): Promise<Device> {
  const device = await openDevice();
  if (most === undefined) return device;
  // A check measures the adapter with larger buffers than these, once for each device: before the limit is lowered.
  await using small = await compile(sequential(linear(2, 2)), { device, loss: mse(), optimizer: sgd(), batchSize: 2 });
  await checkGradients(small);
  Object.defineProperty(device, 'memoryLimits', { value: { ...device.memoryLimits, maxStorageBufferBindingSize: most } });
  return device;
}

/** Trains one of the nets that are also planned without a GPU; `limited` by its limit on bindings. */
export async function trainedNet(name: CutNetName, limited: boolean): Promise<Trained> {
  const net: CutNet = cutNets[name];
  const device = await deviceFor(limited ? net.most : undefined);
  try {
    const { inputs, targets } = examplesOf(net, net.rows);
    await using trainer = await compile(net.model(), { device, batchSize: net.rows, seed: 3, inputShape: net.inputShape, ...net.options() });
    const trained = await all(trainer, async () => undefined, { inputs, targets }, inputs);
    if (name !== 'classes') return trained;
    const data = dataset({ inputs, inputShape: net.inputShape, targets, targetShape: [], classes: net.classes } as never);
    const { metrics: measured } = await trainer.evaluate(data, { metrics: [metrics.topK(100), metrics.perplexity()] });
    return { ...trained, reported: [...trained.reported, ...Object.values(measured) as number[]] };
  } finally {
    device.check();
    device.destroy();
  }
}

/** The losses of a training whose data take more than a binding, and how often it wrote to the GPU and submitted. */
export async function fitted(kind: 'numbers' | 'classes', resident: boolean, most?: number): Promise<{ losses: number[]; writes: number; submits: number }> {
  const device = await deviceFor(most);
  try {
    const [length, size] = [300, kind === 'numbers' ? 52 : 49];
    const inputs = Float32Array.from({ length: length * size }, (_, i) => Math.sin(i * 1.7));
    const targets = kind === 'numbers' ? Float32Array.from({ length: length * 10 }, (_, i) => Math.cos(i)) : Uint32Array.from({ length }, (_, i) => (i * 7) % 10);
    const data = kind === 'numbers' ? dataset({ inputs, inputShape: [size], targets, targetShape: [10] }) : dataset({ inputs, inputShape: [size], targets, targetShape: [], classes: 10 } as never);
    await using trainer = await compile(sequential(linear(size, 10)), { device, loss: kind === 'numbers' ? mse() : crossEntropy(), optimizer: sgd({ lr: 0.5 }), batchSize: 160, seed: 3 });
    const losses: number[] = [];
    const { calls: { count } } = await counted(() => trainer.fit(data, { epochs: 5, shuffle: true, resident, onStep: ({ loss }) => { losses.push(loss); } }));
    return { losses, writes: count.writeBuffer!, submits: count.submit! };
  } finally {
    device.check();
    device.destroy();
  }
}

/** Trains on resident data and on batches, evaluates, predicts, checks the gradients; with a limit on bindings where it is given. */
export async function trained(kind: 'mlp' | 'embedding', most?: number): Promise<Trained> {
  const device = await deviceFor(most);
  try {
    if (kind === 'mlp') {
      const inputs = Float32Array.from({ length: 300 * 50 }, (_, i) => Math.sin(i * 1.7));
      const targets = Float32Array.from({ length: 300 * 10 }, (_, i) => Math.cos(i));
      const model = sequential(linear(50, 150), relu(), linear(150, 90), gelu(), softmax(), linear(90, 10));
      await using trainer = await compile(model, { device, loss: mse(), optimizer: adam({ lr: 0.01 }), batchSize: ROWS, seed: 3 });
      return await all(trainer, () => trainer.fit(dataset({ inputs, inputShape: [50], targets, targetShape: [10] }), { epochs: 2, shuffle: true }),
        { inputs: inputs.slice(0, ROWS * 50), targets: targets.slice(0, ROWS * 10) }, inputs);
    }
    const inputs = Uint32Array.from({ length: 300 * 3 }, (_, i) => (i * 37) % 1001);
    const targets = Uint32Array.from({ length: 300 }, (_, i) => (i * 11) % 70);
    const model = sequential(embedding(1001, 12), flatten(), linear(36, 70));
    await using trainer = await compile(model, { device, loss: crossEntropy(), optimizer: sgd({ lr: 0.5, momentum: 0.9 }), batchSize: ROWS, seed: 3, inputShape: [3] });
    return await all(trainer, () => trainer.fit({ name: 'tokens', inputs, inputShape: [3], targets, targetShape: [], length: 300, classes: 70 } as never, { epochs: 2, shuffle: true }),
      { inputs: inputs.slice(0, ROWS * 3), targets: targets.slice(0, ROWS) }, inputs);
  } finally {
    device.check();
    device.destroy();
  }
}

/** A text to replace in the kernels with a name that begins so. */
interface Bug {
  readonly kernel: string;
  readonly find: string;
  readonly replace: string;
}

/** The verdict on an embedding whose table is cut, or on one of the nets, with a bug planted in its kernels, and in how many of them. */
export async function checkedWith(what: CutNetName | 'embedding', { kernel, find, replace }: Bug): Promise<{ planted: number; verdict: string }> {
  const net: CutNet = what === 'embedding'
    ? { model: () => sequential(embedding(1001, 12), flatten(), linear(36, 70)), inputShape: [3], targetSize: 1, classes: 70, rows: ROWS, most: 30_000, options: () => ({ loss: crossEntropy(), optimizer: sgd({ lr: 0.5 }) }) }
    : cutNets[what];
  const device = await deviceFor(net.most);
  let planted = 0;
  try {
    await using trainer = await compile(net.model(), {
      device, batchSize: net.rows, seed: 3, inputShape: net.inputShape, ...net.options(),
      alter: (plan) => ({
        ...plan, launches: plan.launches.map((launch) => {
          const code = launch.kernel.name.startsWith(kernel) ? launch.kernel.code.replace(new RegExp(find), replace) : launch.kernel.code;
          planted += code === launch.kernel.code ? 0 : 1;
          return { ...launch, kernel: { ...launch.kernel, code } };
        }),
      }),
    });
    const { inputs, targets } = examplesOf(net, net.rows);
    const { passed } = await checkGradients(trainer, { batch: { inputs: what === 'embedding' ? Uint32Array.from(inputs, (_, i) => (i * 73) % 1001) : inputs, targets } });
    return { planted, verdict: passed ? 'pass' : 'fail' };
  } finally {
    device.destroy();
  }
}

async function all(trainer: Trainer, fit: () => Promise<unknown>, batch: object, inputs: Float32Array | Uint32Array): Promise<Trained> {
  const losses: number[] = [];
  let reported: number[] = [];
  await fit();
  const step = async (): Promise<void> => {
    const { report } = await trainer.step(batch as never);
    const { loss, accuracy = 0, gradientNorm = 0, diagnostics } = await report;
    losses.push(loss);
    reported = [accuracy, gradientNorm, ...diagnostics?.tensors.flatMap(({ gradientRms, updateRatio }) => [gradientRms, updateRatio]) ?? [], ...diagnostics?.deadUnits.flatMap(({ dead, units }) => [dead, units]) ?? []];
  };
  await step();
  const { calls: { count } } = await counted(async () => {
    for (let i = 0; i < 3; i += 1) await step();
  });
  const predicted = [...await trainer.predict(inputs)];
  const state = await trainer.state();
  const report = await checkGradients(trainer, { batch: batch as never });
  return {
    losses, predicted, values: Object.values(state.parameters).flatMap(({ data }) => [...data]), launches: trainer.plan.launches.length,
    submits: count.submit!, made: count.createBuffer! + count.createBindGroup!, verdict: report.passed ? 'pass' : String(report), reported,
  };
}
