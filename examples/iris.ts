// Three kinds of iris flowers told apart by the sizes of their leaves: a table in CSV, read and learnt from.
import { adam, compile, crossEntropy, fitRows, linear, relu, sequential, splitList, type Row } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import Papa from 'papaparse';
import type { Example } from './kit.ts';

export const example: Example = {
  title: 'Iris flowers from a table',
  goal: 'At least 95 % of the 30 flowers that training never saw are named right',
  async run({ device, reduced, text, log }) {
    const { data: rows } = Papa.parse<Row>(await text('iris.csv'), { header: true, dynamicTyping: true, skipEmptyLines: true });
    const { train, test } = splitList(rows, 0.8, { seed: 1 });
    // Means and deviations come from the training rows alone; the test rows go through the same numbers.
    const encoding = fitRows(train, { target: 'species' });

    const model = sequential(linear(encoding.features.length, 16), relu(), linear(16, encoding.classes!.length));
    await using trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adam({ lr: 0.01 }), batchSize: 20, seed: 1 });
    const epochs = reduced ? 40 : 60;
    await trainer.fit(encoding.dataset(train), { epochs, onEpoch: ({ epoch, loss }) => { if (epoch % 10 === 0) log(`epoch ${epoch}: loss ${loss.toFixed(4)}`); } });

    const held = encoding.dataset(test);
    const { accuracy = 0 } = await trainer.evaluate(held);
    const report = await checkGradients(trainer);
    return {
      passed: accuracy >= 0.95,
      summary: `${(100 * accuracy).toFixed(1)} % of ${held.length} flowers right`,
      steps: trainer.stepCount, report,
    };
  },
};
