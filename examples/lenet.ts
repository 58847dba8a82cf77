// LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998) on handwritten digits, with ReLU and max pooling as is usual today.
import { adam, compile, conv2d, crossEntropy, flatten, linear, maxPool2d, mnist, relu, schedules, sequential, take } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import { mnistFiles, type Example } from './kit.ts';

export const example: Example = {
  title: 'LeNet-5 on handwritten digits',
  goal: 'At least 97 % of the 1,000 test digits of MNIST right after 10 epochs on 8,000 digits (reduced: 70 % after 1 epoch on 1,000)',
  async run(context) {
    const { device, reduced, log } = context;
    const { train, test } = await mnist(await mnistFiles(context), { flatten: false });
    const model = sequential(
      conv2d(1, 6, 5, { padding: 2 }), relu(), maxPool2d(2),     // 28 × 28 → 6 maps of 14 × 14
      conv2d(6, 16, 5), relu(), maxPool2d(2),                    // → 16 maps of 5 × 5
      flatten(), linear(400, 120), relu(), linear(120, 84), relu(), linear(84, 10),
    );
    const epochs = reduced ? 1 : 10;
    const data = reduced ? take(train, Array.from({ length: 1000 }, (_, i) => i)) : train;
    await using trainer = await compile(model, {
      device, loss: crossEntropy(), optimizer: adam({ lr: 0.003 }), schedule: schedules.perEpoch(schedules.cosine({ totalSteps: epochs })),
      inputShape: [1, 28, 28], batchSize: reduced ? 16 : 32, seed: 1,
    });
    await trainer.fit(data, { epochs, onEpoch: ({ epoch, loss }) => log(`epoch ${epoch + 1}: loss ${loss.toFixed(4)}`) });

    const judged = reduced ? take(test, Array.from({ length: 300 }, (_, i) => i)) : test;
    const { accuracy = 0 } = await trainer.evaluate(judged);
    // Each with the next digit for its label: where the net is right, gradients vanish in rounding noise and prove nothing.
    const batch = { inputs: test.inputs.slice(0, 2 * 784), targets: test.targets.slice(0, 2).map((digit) => (digit + 1) % 10) };
    const report = await checkGradients(trainer, { batch, ...(reduced ? { coverage: { elements: 2 } } : {}) });
    return {
      passed: accuracy >= (reduced ? 0.7 : 0.97),
      summary: `${(100 * accuracy).toFixed(1)} % of ${judged.length} test digits right`,
      steps: trainer.stepCount, report,
    };
  },
};
