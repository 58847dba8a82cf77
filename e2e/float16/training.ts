import * as chainrule from '../../src/index.ts';
import type { AnyDataset, CompileOptions, Device, Module, StepReport, Trainer } from '../../src/index.ts';
import { hold, type Case } from './case.ts';

const { adam, compile, conv2d, crossEntropy, digits, flatten, linear, maxPool2d, relu, sequential, sgd } = chainrule;

const mlp = (): Module => sequential(linear(784, 48), relu(), linear(48, 32), relu(), linear(32, 10));
const cnn = (): Module => sequential(conv2d(1, 6, 5, { stride: 2 }), relu(), maxPool2d(2), conv2d(6, 8, 3), relu(), flatten(), linear(8 * 16, 10));

type Settings = Partial<CompileOptions>;

const compiled = (device: Device, model: Module, settings: Settings): Promise<Trainer> =>
  compile(model, { device, loss: crossEntropy(), optimizer: adam({ lr: 3e-3 }), batchSize: 32, seed: 3, ...settings });

/** What a training came to. */
async function trained(device: Device, model: Module, set: AnyDataset, epochs: number, settings: Settings): Promise<{ loss: number; accuracy: number; reports: StepReport[]; launches: number }> {
  const trainer = await compiled(device, model, settings);
  try {
    const reports: StepReport[] = [];
    await trainer.fit(set, { epochs, onStep: (report) => { reports.push(report); } });
    const { loss, accuracy } = await trainer.evaluate(set);
    return { loss, accuracy: accuracy!, reports, launches: trainer.plan.launches.length };
  } finally {
    await trainer.destroy();
  }
}

/** Trains in both precisions from the same weights: losses within 10 % of the way that training went, accuracies within 2 points. */
const alike = (name: string, model: () => Module, set: () => AnyDataset, epochs: number, settings: Settings = {}): Case => ({
  name,
  async run(device) {
    const [full, mixed] = [await trained(device, model(), set(), epochs, settings), await trained(device, model(), set(), epochs, { ...settings, precision: 'mixed' })];
    const start = full.reports[0]!.loss;
    const said = `loss ${start.toFixed(4)} → ${full.loss.toFixed(4)} (mixed ${mixed.loss.toFixed(4)}), accuracy ${full.accuracy.toFixed(4)} (mixed ${mixed.accuracy.toFixed(4)}), launches ${full.launches} (mixed ${mixed.launches})`;
    hold(full.loss < 0.5 * start, `float32 has to learn: ${said}`);
    hold(Math.abs(mixed.loss - full.loss) <= 0.1 * (start - full.loss), said);
    hold(Math.abs(mixed.accuracy - full.accuracy) <= 0.02, said);
    // Without any rounding to f16 both would be the same numbers.
    hold(mixed.loss !== full.loss, `mixed precision left no trace: ${said}`);
    const last = mixed.reports.at(-1)!.lossScale!;
    return `${said}, scale ${last.scale} after ${mixed.reports.length} steps, ${last.skippedSteps} skipped`;
  },
});

const handwritten = (flat: boolean): AnyDataset => digits({ count: 512, seed: 1, flatten: flat });
const batch = (): { inputs: Float32Array; targets: Uint32Array } => {
  const { inputs, targets } = handwritten(true);
  return { inputs: inputs.slice(0, 32 * 784) as Float32Array, targets: targets.slice(0, 32) as Uint32Array };
};

/** All that a step may change, as one text. */
async function stateText(trainer: Trainer): Promise<string> {
  const { parameters, optimizer: { state } } = await trainer.state();
  return JSON.stringify([parameters, state].map((all) => Object.entries(all).map(([name, { data: numbers }]) => [name, [...new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)]])));
}

async function stepped(trainer: Trainer): Promise<StepReport> {
  return (await trainer.step(batch())).report;
}

const overflow: Case = {
  name: 'loss scale: an overflow skips the step and halves the scale',
  async run(device) {
    const told: string[] = [];
    for (const [name, settings] of Object.entries({
      adam: {}, 'sgd with momentum and decay': { optimizer: sgd({ lr: 0.1, momentum: 0.9, weightDecay: 0.1 }) },
      muon: { optimizer: chainrule.muon() }, 'clipped by norm': { clipGradients: { norm: 1 } }, accumulated: { accumulate: 2 },
    } satisfies Record<string, Settings>)) {
      const trainer = await compiled(device, mlp(), { ...settings, precision: 'mixed', lossScale: { initial: 2 ** 30 } });
      const before = await stateText(trainer);
      let scale = 2 ** 30;
      let skipped = 0;
      for (;;) {
        const { loss, lossScale, gradientNorm } = await stepped(trainer);
        hold(Number.isFinite(loss), `${name}: a loss of ${loss}`);
        if ('accumulate' in settings && trainer.stepCount % 2 === 1) continue;
        if (!lossScale!.skipped) {
          hold(lossScale!.scale === scale, `${name}: a good step made the scale ${lossScale!.scale} of ${scale}`);
          hold(!('clipGradients' in settings) || (Number.isFinite(gradientNorm) && gradientNorm! < 1e3), `${name}: a gradient norm of ${gradientNorm}`);
          break;
        }
        skipped += 1;
        scale /= 2;
        hold(skipped < 40, `${name}: still skipped at a scale of ${lossScale!.scale}`);
        hold(lossScale!.scale === scale && lossScale!.skippedSteps === skipped && gradientNorm === undefined, `${name}: ${JSON.stringify(lossScale)} after ${skipped} skipped steps`);
        hold(await stateText(trainer) === before, `${name}: a skipped step changed weights or the optimiser's state`);
      }
      hold(skipped > 0, `${name}: nothing overflowed`);
      hold(await stateText(trainer) !== before, `${name}: a good step changed nothing`);
      told.push(`${name} skipped ${skipped}, down to 2^${Math.log2(scale)}`);
      await trainer.destroy();
    }
    return told.join('; ');
  },
};

const growth: Case = {
  name: 'loss scale: grows after good steps, and a saved state goes on bit for bit',
  async run(device) {
    const settings: Settings = { precision: 'mixed', lossScale: { initial: 4, growthFactor: 2, growthInterval: 3 } };
    const trainer = await compiled(device, mlp(), settings);
    const scales: number[] = [];
    for (let step = 0; step < 8; step += 1) scales.push((await stepped(trainer)).lossScale!.scale);
    hold(scales.join() === '4,4,8,8,8,16,16,16', `scales of ${scales.join()}`);
    const state = await trainer.state();
    hold(JSON.stringify(state.lossScale) === JSON.stringify({ scale: 16, goodSteps: 2, skippedSteps: 0 }), JSON.stringify(state.lossScale));
    const other = await compiled(device, mlp(), settings);
    await other.load(state);
    const [one, two] = [await stepped(trainer), await stepped(other)];
    hold(one.lossScale!.scale === 32 && two.lossScale!.scale === 32, `scales of ${one.lossScale!.scale} and ${two.lossScale!.scale}`);
    hold(await stateText(trainer) === await stateText(other), 'a loaded state went another way');
    const plain = await compiled(device, mlp(), {});
    const refusal = await plain.load(state).then(() => 'none', (error: Error) => error.message);
    hold(refusal.includes('precision "mixed"'), `a float32 trainer took the state: ${refusal}`);
    const { lossScale: _, ...rest } = state;
    await plain.load(rest);
    // Their parameters lie at other places than those of float32.
    await plain.copyFrom(trainer);
    hold(await plain.hash() === await trainer.hash(), 'copied parameters are others');
    const { inputs } = batch();
    hold(String(await plain.predict(inputs)) === String(await trainer.predict(inputs)), 'predictions are not those of float32');
    for (const used of [trainer, other, plain]) await used.destroy();
    return scales.join(', ');
  },
};

export const trainingCases: readonly Case[] = [
  alike('an MLP learns as in float32', mlp, () => handwritten(true), 6),
  alike('a CNN learns as in float32', cnn, () => handwritten(false), 4, { inputShape: [1, 28, 28] }),
  overflow, growth,
];
