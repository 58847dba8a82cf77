// What a program loads that computes outputs: it can't train. Its WebAssembly comes on top.
import { InferenceSession, Tensor } from 'onnxruntime-web/webgpu';

export async function infer(model: Uint8Array, inputs: Float32Array): Promise<unknown> {
  const session = await InferenceSession.create(model, { executionProviders: ['webgpu'] });
  return (await session.run({ x: new Tensor('float32', inputs, [1, 784]) })).out.data;
}
