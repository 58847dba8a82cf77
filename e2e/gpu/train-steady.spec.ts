import { expect, test } from '../harness.ts';
import { ratchetNets } from '../ratchet/nets.ts';

// In steady state a step is one submit and nothing else: counted at WebGPU's own methods, for every net of the ratchet at a small size.

type Kit = typeof import('./page-kit.ts');

for (const name of Object.keys(ratchetNets)) {
  test(`${name}: 1 submit, 0 buffers, 0 bind groups, 0 pipelines and no awaited readback a step`, async ({ run }) => {
    const { count, order, launches, dispatched } = await run(async (lib, name) => {
      const { counted, compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      const { ratchetNets } = await lib.load<typeof import('../ratchet/nets.ts')>('/e2e/ratchet/nets.ts');
      const { model, options } = ratchetNets[name]!(true);
      await using trainer = await compileShared(model, options);
      const { batchSize, loss } = options;
      const size = (shape: readonly number[]): number => shape.reduce((product, dimension) => product * dimension, 1);
      const target = loss.target(trainer.outputShape);
      const takesIndices = (options.inputType ?? model.inputType) === 'u32';
      const inputs = takesIndices
        ? Uint32Array.from({ length: batchSize * size(trainer.inputShape) }, (_, i) => i % 7)
        : Float32Array.from({ length: batchSize * size(trainer.inputShape) }, (_, i) => Math.sin(i));
      const targets = target.type === 'u32'
        ? Uint32Array.from({ length: batchSize * size(target.shape) }, (_, i) => i % target.classes!)
        : Float32Array.from({ length: batchSize * size(target.shape) }, (_, i) => (i % 2));
      const step = () => trainer.step({ inputs, targets } as never);
      await (await step()).loss;
      const { calls } = await counted(async () => {
        let last;
        for (let i = 0; i < 4; i++) last = await step();
        await last!.loss;
      });
      return { count: calls.count, order: calls.order, launches: trainer.plan.launches.length, dispatched: calls.count.dispatchWorkgroups };
    }, name);
    const { submit, beginComputePass, createCommandEncoder, mapAsync, createBuffer, createBindGroup, createBindGroupLayout, createShaderModule, createComputePipeline, createComputePipelineAsync } = count;
    expect({ submit, beginComputePass, createCommandEncoder, mapAsync }).toEqual({ submit: 4, beginComputePass: 4, createCommandEncoder: 4, mapAsync: 4 });
    expect({ createBuffer, createBindGroup, createBindGroupLayout, createShaderModule, createComputePipeline, createComputePipelineAsync }).toEqual(
      { createBuffer: 0, createBindGroup: 0, createBindGroupLayout: 0, createShaderModule: 0, createComputePipeline: 0, createComputePipelineAsync: 0 });
    // A readback that a step awaits would end before the next step is sent.
    expect(order.slice(0, 4)).toEqual(['submit', 'map', 'submit', 'map']);
    expect(dispatched).toBeLessThanOrEqual(4 * launches);
    expect(dispatched).toBeGreaterThan(4);
  });
}
