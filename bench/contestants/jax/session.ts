import { blockUntilReady, defaultDevice, getWebGPUDevice, init, numpy as np } from '@jax-js/jax';
import type { HostTensor } from '../../harness/host-tensor.ts';

let opened: Promise<unknown> | undefined;

/** The library has one device for all. */
export async function openJax(): Promise<GPUDevice> {
  opened ??= init('webgpu').then(() => defaultDevice('webgpu'));
  await opened;
  return getWebGPUDevice();
}

export const put = ({ shape, data }: HostTensor): np.Array => np.array(data as Float32Array<ArrayBuffer>, { shape: [...shape] });

export async function get(array: np.Array): Promise<Float32Array> {
  return new Float32Array(await array.ref.data());
}

/**
 * Sends what an array waits for to the GPU without waiting for it: the library runs nothing before somebody asks for a result. The buffer
 * is not used.
 */
export function send(array: np.Array): void {
  array.ref.gpuBufferSync();
}

export { blockUntilReady };
