// An LSTM reads five random digits and, after a mark, writes them down in reverse order: it has to hold them all in its state.
import { adam, compile, crossEntropy, dataset, embedding, linear, lstm, RandomStream, schedules, sequential } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import type { Example } from './kit.ts';

const [digits, length, mark, blank] = [8, 5, 8, 9];
// Steps at which nothing is asked for: crossEntropy leaves this label out.
const ignoreIndex = -100;

/** Inputs d d d d d | · · · · and targets · · · · · d d d d d, the same digits backwards. */
function sequences(count: number, seed: number) {
  const random = new RandomStream(seed);
  const rows = Array.from({ length: count }, () => Array.from({ length }, () => random.integer(digits)));
  return dataset({
    inputType: 'u32', inputShape: [2 * length], inputs: Uint32Array.from(rows.flatMap((row) => [...row, mark, ...Array<number>(length - 1).fill(blank)])),
    targets: rows.flatMap((row) => [...Array<number>(length).fill(ignoreIndex), ...row.toReversed()]), targetShape: [2 * length], classes: digits, ignoreIndex,
  });
}

export const example: Example = {
  title: 'An LSTM reverses a sequence that it has read',
  goal: 'At least 99 % of 500 fresh sequences are right in every digit (reduced: the loss falls by a third)',
  async run({ device, reduced, log }) {
    const [train, test] = [sequences(reduced ? 1280 : 8192, 1), sequences(500, 2)];
    const units = reduced ? 24 : 64;
    const epochs = 4;
    const model = sequential(embedding(10, 16), lstm(16, units), linear(units, digits));
    await using trainer = await compile(model, {
      device, loss: crossEntropy({ ignoreIndex }), optimizer: adam({ lr: reduced ? 0.02 : 0.01 }), schedule: schedules.cosine({ totalSteps: epochs * train.length / 64 }),
      clipGradients: { norm: 1 }, inputShape: [2 * length], batchSize: 64, seed: 1,
    });
    await trainer.fit(train, { epochs, onEpoch: ({ epoch, loss }) => log(`epoch ${epoch + 1}: loss ${loss.toFixed(4)}`) });

    const scores = await trainer.predict(test.inputs);
    const right = (place: number): boolean => {
      const own = scores.subarray(place * digits, (place + 1) * digits);
      return own.indexOf(Math.max(...own)) === test.targets[place];
    };
    const exact = Array.from({ length: 500 }, (_, row) => row).filter((row) => Array.from({ length }, (_, i) => (2 * row + 1) * length + i).every(right)).length;
    const { loss } = await trainer.evaluate(test);
    const report = await checkGradients(trainer, { batchSize: 4, ...(reduced ? { coverage: { elements: 20 } } : {}) });
    return {
      passed: reduced ? loss < 2 / 3 * Math.log(digits) : exact >= 495,
      summary: `${exact} of 500 fresh sequences reversed without a mistake, loss ${loss.toFixed(4)}`,
      steps: trainer.stepCount, report,
    };
  },
};
