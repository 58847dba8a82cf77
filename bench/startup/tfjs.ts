import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-backend-webgpu';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { batch, classes, features, hidden, noise } from './program.ts';

/** From nothing to the loss of the first step, on the host. */
export async function firstStep(): Promise<number> {
  await tf.setBackend('webgpu');
  await tf.ready();
  const model = sequential({ layers: [layers.dense({ units: hidden, activation: 'relu', inputShape: [features] }), layers.dense({ units: classes, activation: 'softmax' })] });
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'sparseCategoricalCrossentropy' });
  const { inputs, labels } = noise();
  return await model.trainOnBatch(tf.tensor2d(inputs, [batch, features]), tf.tensor1d(Float32Array.from(labels))) as number;
}
