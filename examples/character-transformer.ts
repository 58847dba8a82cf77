// A transformer of four blocks learns to write like Shakespeare, letter by letter.
import {
  adamW, characterTokenizer, compile, crossEntropy, embedding, layerNorm, linear, normal, RandomStream, schedules, sequential, take, transformerEncoderLayer, windows, type Trainer,
} from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import type { Example } from './kit.ts';

/** Writes on: each new letter is drawn from what the model expects after those before it. */
async function write(trainer: Trainer, start: Uint32Array, count: number, classes: number): Promise<number[]> {
  const random = new RandomStream(7);
  const letters = [...start];
  for (let i = 0; i < count; i += 1) {
    const scores = (await trainer.predict(Uint32Array.from(letters.slice(-start.length)))).subarray(-classes);
    const top = Math.max(...scores);
    const weights = scores.map((score) => Math.exp((score - top) / 0.8));     // below 1: rather the likely ones
    let rest = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    const next = weights.findIndex((weight) => (rest -= weight) < 0);
    letters.push(next < 0 ? classes - 1 : next);
  }
  return letters.slice(start.length);
}

export const example: Example = {
  title: 'A character transformer on Shakespeare',
  goal: 'After 1,500 steps of 8 windows the mean training loss of the last 100 steps is below 2.0 (reduced, a quarter as wide: below 3.2 after 60)',
  async run({ device, reduced, text, log }) {
    const [steps, blocks, width, length] = reduced ? [60, 2, 16, 16] : [1500, 4, 64, 64];
    const [batchSize, maxLr] = [8, reduced ? 0.02 : 0.004];
    const corpus = await text('tinyshakespeare.txt');
    const tokenizer = characterTokenizer(corpus);
    const tokens = tokenizer.encode(corpus);
    const all = windows(tokens, { length, classes: tokenizer.size });
    const data = take(all, new RandomStream(1).permutation(all.length).subarray(0, steps * batchSize));
    const block = () => transformerEncoderLayer(width, 4, { causal: true, normFirst: true, rotary: true, activation: 'gelu', dropout: 0, bias: false });
    await using trainer = await compile(sequential(
      embedding(tokenizer.size, width, { weightInitializer: normal(0, 0.02) }), ...Array.from({ length: blocks }, block), layerNorm(width), linear(width, tokenizer.size),
    ), {
      device, loss: crossEntropy(), optimizer: adamW({ lr: maxLr }), clipGradients: { norm: 1 }, batchSize, inputShape: [length], seed: 1,
      schedule: schedules.oneCycle({ maxLr, totalSteps: steps, pctStart: 0.05 }),
    });
    const losses: number[] = [];
    await trainer.fit(data, { onStep: ({ step, loss }) => {
      losses.push(loss);
      if (step % 100 === 0) log(`step ${step}: loss ${loss.toFixed(3)}`);
    } });
    const last = losses.slice(reduced ? -10 : -100);
    const loss = last.reduce((sum, one) => sum + one, 0) / last.length;
    log(tokenizer.decode(await write(trainer, tokens.subarray(0, length), reduced ? 20 : 300, tokenizer.size)));
    return {
      passed: loss < (reduced ? 3.2 : 2), summary: `training loss ${loss.toFixed(3)} after ${steps} steps`,
      steps: trainer.stepCount, report: await checkGradients(trainer, { batchSize: 1, ...(reduced ? { coverage: { elements: 20 } } : {}) }),
    };
  },
};
