// What a program loads that trains an MLP and a CNN.
import { setBackend, tensor, tensor1d, train as optimizers } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-backend-webgpu';
import { layers, sequential } from '@tensorflow/tfjs-layers';

export async function train(inputs: Float32Array, targets: Uint32Array): Promise<void> {
  await setBackend('webgpu');
  const mlp = sequential({ layers: [layers.dense({ units: 128, activation: 'relu', inputShape: [784] }), layers.dense({ units: 10, activation: 'softmax' })] });
  const cnn = sequential({ layers: [
    layers.conv2d({ filters: 6, kernelSize: 5, activation: 'relu', inputShape: [28, 28, 1] }), layers.maxPooling2d({ poolSize: 2 }), layers.flatten(),
    layers.dense({ units: 10, activation: 'softmax' }),
  ] });
  for (const [model, inputShape] of [[mlp, [784]], [cnn, [28, 28, 1]]] as const) {
    const [x, y] = [tensor(inputs, [targets.length, ...inputShape]), tensor1d(Float32Array.from(targets))];
    model.compile({ optimizer: optimizers.adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    await model.fit(x, y, { epochs: 1, batchSize: 64 });
    model.evaluate(x, y);
  }
}
