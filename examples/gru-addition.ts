// A GRU adds two numbers of eight digits, column by column from the right as on paper: its state has to hold the carry.
import { adam, compile, crossEntropy, dataset, embedding, gru, linear, module, RandomStream, reshape } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import type { Example } from './kit.ts';

const columns = 9;

/** Digits of a number from the right, with a 0 where the sum may have one more. */
const digitsOf = (number: number): number[] => Array.from({ length: columns }, (_, i) => Math.floor(number / 10 ** i) % 10);

/** Each example is a list of columns [a's digit, b's digit]; its target is the sum's digit in each. */
function sums(count: number, seed: number) {
  const random = new RandomStream(seed);
  const pairs = Array.from({ length: count }, () => [random.integer(1e8), random.integer(1e8)] as const);
  return dataset({
    inputType: 'u32', inputShape: [columns, 2],
    inputs: Uint32Array.from(pairs.flatMap(([a, b]) => digitsOf(a).flatMap((digit, i) => [digit, digitsOf(b)[i]]))),
    targets: pairs.flatMap(([a, b]) => digitsOf(a + b)), targetShape: [columns], classes: 10,
  });
}

export const example: Example = {
  title: 'A GRU adds numbers of eight digits',
  goal: 'At least 99 % of 500 fresh sums are right in every digit (reduced: the loss halves)',
  async run({ device, reduced, log }) {
    const [train, test] = [sums(reduced ? 1280 : 6400, 1), sums(500, 2)];
    const units = reduced ? 24 : 48;
    const model = module({ digit: embedding(10, 8), cells: gru(16, units), answer: linear(units, 10) }, ({ digit, cells, answer }, x) =>
      answer(cells(reshape(digit(x), [x.shape[0]!, columns, 16]))));       // both digits of a column beside each other
    await using trainer = await compile(model, {
      device, loss: crossEntropy(), optimizer: adam({ lr: reduced ? 0.02 : 0.01 }), clipGradients: { norm: 1 }, inputShape: [columns, 2], batchSize: 64, seed: 1,
    });
    await trainer.fit(train, { epochs: reduced ? 4 : 5, onEpoch: ({ epoch, loss }) => log(`epoch ${epoch + 1}: loss ${loss.toFixed(4)}`) });

    const scores = await trainer.predict(test.inputs);
    const answers = Uint32Array.from(test.targets, (_, place) => {
      const own = scores.subarray(place * 10, (place + 1) * 10);
      return own.indexOf(Math.max(...own));
    });
    const exact = Array.from({ length: 500 }, (_, row) => row * columns).filter((at) => Array.from({ length: columns }, (_, i) => at + i).every((place) => answers[place] === test.targets[place])).length;
    const { loss } = await trainer.evaluate(test);
    const report = await checkGradients(trainer, { batchSize: reduced ? 2 : 4 });
    return {
      passed: reduced ? loss < Math.log(10) / 2 : exact >= 495,
      summary: `${exact} of 500 fresh sums without a mistake, loss ${loss.toFixed(4)}`,
      steps: trainer.stepCount, report,
    };
  },
};
