// What a program loads that trains an MLP and a CNN.
import { adam, compile, conv2d, crossEntropy, dataset, flatten, linear, maxPool2d, openDevice, relu, sequential } from 'chainrule';

export async function train(inputs: Float32Array, targets: Uint32Array): Promise<void> {
  const device = await openDevice();
  const mlp = sequential(linear(784, 128), relu(), linear(128, 10));
  const cnn = sequential(conv2d(1, 6, 5), relu(), maxPool2d(2), flatten(), linear(864, 10));
  for (const [model, inputShape] of [[mlp, [784]], [cnn, [1, 28, 28]]] as const) {
    const data = dataset({ inputs, targets, inputShape, classes: 10 });
    const trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adam(), inputShape, batchSize: 64, seed: 1 });
    await trainer.fit(data, { epochs: 1 });
    await trainer.evaluate(data);
  }
}
