// A small residual net (He, Zhang, Ren, Sun 2015) with batch normalisation on handwritten digits of half the size.
import { add, adamW, avgPool2d, batchNorm2d, compile, conv2d, crossEntropy, flatten, globalAvgPool2d, linear, mnist, module, relu, schedules, sequential, take, type Module } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import { mnistFiles, type Example } from './kit.ts';

/** No bias: the normalisation that follows would take it away again. */
const conv = (from: number, to: number, kernel: number, stride = 1): Module => conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, bias: false });

/** Two convolutions that learn what to add to x; where the shape changes, a convolution of single pixels takes x there. */
function block(from: number, to: number, stride: number): Module {
  const layers = { conv1: conv(from, to, 3, stride), bn1: batchNorm2d(to), conv2: conv(to, to, 3), bn2: batchNorm2d(to), act: relu() };
  if (from === to && stride === 1) return module(layers, ({ conv1, bn1, conv2, bn2, act }, x) => act(add(x, bn2(conv2(act(bn1(conv1(x))))))));
  return module({ ...layers, downsample: sequential(conv(from, to, 1, stride), batchNorm2d(to)) }, ({ conv1, bn1, conv2, bn2, act, downsample }, x) =>
    act(add(downsample(x), bn2(conv2(act(bn1(conv1(x))))))));
}

export const example: Example = {
  title: 'A small ResNet on handwritten digits of 14 × 14 pixels',
  goal: 'At least 97 % of the 1,000 test digits of MNIST right after 4 epochs on 8,000 digits (reduced, half as wide and with a block less: 50 % after 1 epoch on 1,000)',
  async run(context) {
    const { device, reduced, log } = context;
    const { train, test } = await mnist(await mnistFiles(context), { flatten: false });
    const width = reduced ? 4 : 8;
    const model = sequential(
      avgPool2d(2), conv(1, width, 3), batchNorm2d(width), relu(),
      ...(reduced ? [] : [block(width, width, 1)]), block(width, 2 * width, 2), block(2 * width, 4 * width, 2),     // 14 × 14 → 7 × 7 → 4 × 4
      globalAvgPool2d(), flatten(), linear(4 * width, 10),
    );
    const epochs = reduced ? 1 : 4;
    const data = reduced ? take(train, Array.from({ length: 1000 }, (_, i) => i)) : train;
    const batchSize = reduced ? 20 : 40;
    const schedule = schedules.oneCycle({ maxLr: reduced ? 0.03 : 0.01, totalSteps: epochs * data.length / batchSize });
    await using trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adamW({ lr: 0.01 }), schedule, inputShape: [1, 28, 28], batchSize, seed: 1 });
    await trainer.fit(data, { epochs, onEpoch: ({ epoch, loss }) => log(`epoch ${epoch + 1}: loss ${loss.toFixed(4)}`) });

    const judged = reduced ? take(test, Array.from({ length: 300 }, (_, i) => i)) : test;
    const { accuracy = 0 } = await trainer.evaluate(judged);
    // Each with the next digit for its label: where the net is right, gradients vanish in rounding noise and prove nothing.
    const batch = { inputs: test.inputs.slice(0, 2 * 784), targets: test.targets.slice(0, 2).map((digit) => (digit + 1) % 10) };
    const report = await checkGradients(trainer, { batch, ...(reduced ? { coverage: { elements: 2 } } : {}) });
    return {
      passed: accuracy >= (reduced ? 0.5 : 0.97),
      summary: `${(100 * accuracy).toFixed(1)} % of ${judged.length} test digits right`,
      steps: trainer.stepCount, report,
    };
  },
};
