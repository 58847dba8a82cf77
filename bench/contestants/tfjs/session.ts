import * as tf from '@tensorflow/tfjs-core';
// As the package @tensorflow/tfjs has it: the core alone knows no gradients.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-webgpu';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { HostTensor } from '../../harness/host-tensor.ts';

let opened: Promise<unknown> | undefined;

const backend = (): WebGPUBackend => tf.backend() as WebGPUBackend;

/** The library has one device for all. */
export async function openTfjs(): Promise<GPUDevice> {
  opened ??= (async () => {
    if (!await tf.setBackend('webgpu')) throw new Error('tfjs did not open its WebGPU backend');
    await tf.ready();
  })();
  await opened;
  return backend().device;
}

/** It collects up to 15 dispatches before it submits them. */
export function flush(): void {
  const { commandEncoder } = backend() as unknown as { readonly commandEncoder: object | null };
  if (commandEncoder === null) return;
  backend().endComputePassEncoder();
  backend().submitQueue();
}

export const put = ({ shape, data }: HostTensor): tf.Tensor => tf.tensor(data, [...shape], 'float32');

export const get = async (tensor: tf.Tensor): Promise<Float32Array> => new Float32Array(await tensor.data<'float32'>());

export { tf };
