// Three species of penguins from a table with numbers, categories and missing cells.
import { adamW, compile, crossEntropy, fitRows, linear, metrics, relu, sequential, splitList, type Row } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import Papa from 'papaparse';
import type { Example } from './kit.ts';

export const example: Example = {
  title: 'Penguins from a table with missing cells',
  goal: 'At least 95 % of the held-out fifth of the penguins are named right',
  async run({ device, reduced, text, log }) {
    const { data: rows } = Papa.parse<Row>(await text('penguins.csv'), { header: true, dynamicTyping: true, skipEmptyLines: true });
    const { train, test } = splitList(rows, 0.8, { seed: 1 });
    // A missing number becomes the mean of the training rows, a missing sex a category of its own. The islands would give the answer
    // half away, so they are left out.
    const encoding = fitRows(train, { target: 'species', columns: { island: 'ignore' }, unknown: 'zeros' });
    log(`inputs: ${encoding.features.join(', ')}`);

    const model = sequential(linear(encoding.features.length, 16), relu(), linear(16, encoding.classes!.length));
    await using trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adamW({ lr: 0.01 }), batchSize: 25, seed: 1 });
    const epochs = reduced ? 15 : 40;
    await trainer.fit(encoding.dataset(train), { epochs, onEpoch: ({ epoch, loss }) => { if (epoch % 10 === 0) log(`epoch ${epoch}: loss ${loss.toFixed(4)}`); } });

    const held = encoding.dataset(test);
    const { accuracy = 0, metrics: { f1 } } = await trainer.evaluate(held, { metrics: [metrics.f1()] });
    const report = await checkGradients(trainer);
    return {
      passed: accuracy >= 0.95,
      summary: `${(100 * accuracy).toFixed(1)} % of ${held.length} penguins right, F1 ${Number(f1).toFixed(3)}`,
      steps: trainer.stepCount, report,
    };
  },
};
