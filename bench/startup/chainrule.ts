import { adam, compile, crossEntropy, linear, openDevice, relu, sequential } from 'chainrule';
import { batch, classes, features, hidden, noise } from './program.ts';

/** From nothing to the loss of the first step, on the host. */
export async function firstStep(): Promise<number> {
  const device = await openDevice();
  const model = sequential(linear(features, hidden), relu(), linear(hidden, classes));
  const trainer = await compile(model, { device, loss: crossEntropy(), optimizer: adam(), batchSize: batch });
  const { inputs, labels } = noise();
  return (await trainer.step({ inputs, targets: labels })).loss;
}
