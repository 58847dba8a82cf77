// A convolutional autoencoder: digits pressed into 32 numbers and drawn again from them.
import { adam, compile, conv2d, convTranspose2d, dataset, flatten, linear, mnist, module, mse, relu, reshape, sequential, sigmoid, take, type Dataset } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import { mnistFiles, type Example } from './kit.ts';

/** The same images as inputs and as targets. */
const drawings = ({ inputs, inputShape }: Dataset): Dataset => dataset({ inputs, inputShape, targets: inputs, targetShape: inputShape });

/** The mean square error of who draws the mean training image every time. */
function errorOfMean(train: Dataset, test: Dataset): number {
  const size = 28 * 28;
  const mean = new Float64Array(size);
  train.inputs.forEach((grey, i) => { mean[i % size] += grey / train.length; });
  return test.inputs.reduce((sum, grey, i) => sum + (grey - mean[i % size]) ** 2, 0) / test.inputs.length;
}

export const example: Example = {
  title: 'A convolutional autoencoder of handwritten digits',
  goal: 'Test digits come back from 32 numbers with a mean square error below 0.015; the mean image has 0.067 (reduced: below 0.064)',
  async run(context) {
    const { device, reduced, log } = context;
    const { train, test } = await mnist(await mnistFiles(context), { flatten: false });
    const model = module({
      encoder: sequential(
        conv2d(1, 8, 3, { stride: 2, padding: 1 }), relu(),                  // 28 × 28 → 8 maps of 14 × 14
        conv2d(8, 16, 3, { stride: 2, padding: 1 }), relu(),                 // → 16 maps of 7 × 7
        flatten(), linear(784, 32),
      ),
      spread: sequential(linear(32, 784), relu()),
      decoder: sequential(
        convTranspose2d(16, 8, 4, { stride: 2, padding: 1 }), relu(),        // 7 × 7 → 14 × 14
        convTranspose2d(8, 1, 4, { stride: 2, padding: 1 }), sigmoid(),      // → 28 × 28
      ),
    }, ({ encoder, spread, decoder }, x) => decoder(reshape(spread(encoder(x)), [x.shape[0], 16, 7, 7])));
    const data = drawings(reduced ? take(train, Array.from({ length: 1000 }, (_, i) => i)) : train);
    await using trainer = await compile(model, { device, loss: mse(), optimizer: adam({ lr: 0.004 }), inputShape: [1, 28, 28], batchSize: reduced ? 20 : 40, seed: 1 });
    await trainer.fit(data, { epochs: reduced ? 2 : 5, onEpoch: ({ epoch, loss }) => log(`epoch ${epoch + 1}: loss ${loss.toFixed(4)}`) });

    const judged = reduced ? take(test, Array.from({ length: 100 }, (_, i) => i)) : test;
    const { loss } = await trainer.evaluate(drawings(judged));
    const ofMean = errorOfMean(train, judged);
    const bound = reduced ? 0.064 : 0.015;
    const report = await checkGradients(trainer, { batchSize: 2, ...(reduced ? { coverage: { elements: 2 } } : {}) });
    return {
      passed: loss < bound && ofMean > bound,
      summary: `mean square error ${loss.toFixed(4)} on ${judged.length} test digits, ${ofMean.toFixed(4)} for the mean image`,
      steps: trainer.stepCount, report,
    };
  },
};
