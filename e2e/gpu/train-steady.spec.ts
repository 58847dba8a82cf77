import process from 'node:process';
import { exampleNames } from '../../src/cli/examples.mjs';
import { expect, test } from '../harness.ts';
import { ratchetNets } from '../ratchet/nets.ts';

// In steady state a step is one submit and nothing else: counted at WebGPU's own methods, for every net of the ratchet at a small size, and
// for what every file of examples/ trains, as it calls it.

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

for (const name of exampleNames()) {
  test(`examples › ${name}: in steady state 1 submit a step and nothing made, smaller last batches of fit included`, async ({ run }) => {
    const found = await run(async (lib, name) => {
      const { counted, patched, sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
      const { runExample } = await lib.load<typeof import('../../src/lab/examples.ts')>('/src/lab/examples.ts');
      const { Trainer } = await lib.load<typeof import('../../src/nn/trainer.ts')>('/src/nn/trainer.ts');
      const { take } = lib.chainrule;
      type Own = InstanceType<typeof Trainer>;
      /** Ends the example once its trainer has been watched. */
      class Watched extends Error {}
      const seen: { steps: number; count: Readonly<Record<string, number>> }[] = [];
      const device = await sharedDevice();
      const start = () => runExample({ name, reduced: true }, () => {}, device);
      const fit = (original: (...args: never[]) => unknown) => async function (this: Own, data: never): Promise<never> {
        const some = take(data, Array.from({ length: Math.floor(2.5 * this.batchSize) }, (_, i) => i));
        const train = (epochs: number) => (original as Own['fit']).call(this, some, { epochs });
        // Its programs and buffers are there after the first epoch; what an epoch costs is the difference of two runs.
        await train(1);
        const [short, long] = [await counted(() => train(1)), await counted(() => train(4))];
        seen.push({ steps: 9, count: Object.fromEntries(Object.entries(long.calls.count).map(([method, count]) => [method, count - short.calls.count[method]!])) });
        throw new Watched();
      };
      const step = (original: (...args: never[]) => unknown) => async function (this: Own, batch: never): Promise<never> {
        const once = async () => { await (await (original as Own['step']).call(this, batch)).loss; };
        await once();
        const { calls } = await counted(async () => { for (let i = 0; i < 9; i++) await once(); });
        seen.push({ steps: 9, count: calls.count });
        throw new Watched();
      };
      const answer = await patched(Trainer.prototype, 'fit', fit as never, () => patched(Trainer.prototype, 'step', step as never, async () => start().catch((error: unknown) => {
        if (error instanceof Watched) return undefined;
        throw error;
      })));
      return { seen, missing: answer?.kind === 'missing' };
    }, name);
    if (found.missing && process.env.CI !== 'true') test.skip(true, 'its data is missing: set SHARED_DIR');
    expect(found.seen).toHaveLength(1);
    const [{ steps, count }] = found.seen as [(typeof found.seen)[number]];
    const { submit, beginComputePass, mapAsync, createBuffer, createBindGroup, createBindGroupLayout, createShaderModule, createComputePipeline, createComputePipelineAsync } = count;
    expect({ submit, beginComputePass, mapAsync }).toEqual({ submit: steps, beginComputePass: steps, mapAsync: steps });
    expect({ createBuffer, createBindGroup, createBindGroupLayout, createShaderModule, createComputePipeline, createComputePipelineAsync }).toEqual(
      { createBuffer: 0, createBindGroup: 0, createBindGroupLayout: 0, createShaderModule: 0, createComputePipeline: 0, createComputePipelineAsync: 0 });
  });
}
