// Runs in the page: a layer with state that is not trained.
import { add, constant, defineModule, mean, zeros, type Module } from '../../src/index.ts';

/** A layer that adds up its batches' means, keeps the sum before that one too, and adds `shift` to what passes; outside of training the sum, too. */
export function summing(features: number): Module {
  const start = () => ({ shape: [features], initializer: zeros() });
  return defineModule({
    kind: 'summing', inputShape: [features],
    buffers: { running_sum: start(), previous: start(), shift: { shape: [1, features], initializer: constant(0.5) } },
    forward: ({ buffers, training, update }, x) => {
      if (training) {
        update('previous', buffers.running_sum!);
        update('running_sum', add(buffers.running_sum!, mean(x, { axes: [0] })));
      }
      return add(training ? x : add(x, buffers.running_sum!), buffers.shift!);
    },
  });
}
