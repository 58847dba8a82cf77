import { torchSequences } from '../unit/torch-sequences.ts';
import { expect, test } from '../harness.ts';

test('optimizers follow PyTorch for eight steps', async ({ run }) => {
  const cases = torchSequences();
  expect(cases.map(({ name, options }) => `${name} ${JSON.stringify(options)}`)).toEqual([
    'sgd {"lr":0.1}', 'sgd {"lr":0.1,"momentum":0.9}', 'sgd {"lr":0.1,"momentum":0.9,"nesterov":true,"weightDecay":0.01}',
    'adam {"lr":0.01}', 'adam {"lr":0.01,"weightDecay":0.1,"beta1":0.8,"beta2":0.95}', 'adamW {"lr":0.01,"weightDecay":0.05}',
  ]);
  const results = await run(async ({ chainrule, load }, cases) => {
    const { planProgram } = await load<typeof import('../../src/program/plan.ts')>('/src/program/plan.ts');
    const { BufferStore, Program } = await load<typeof import('../../src/program/program.ts')>('/src/program/program.ts');
    const { submit } = await load<typeof import('../../src/gpu/sequence.ts')>('/src/gpu/sequence.ts');
    const { STEP_BYTES } = await load<typeof import('../../shaders/kernel.ts')>('/shaders/kernel.ts');
    const device = await chainrule.openDevice();
    const results = [];
    for (const { name, options, initial, gradients, parameters } of cases) {
      const optimizer = chainrule[name](options);
      const store = new BufferStore(device);
      const weight = { id: 0, name: 'weight', shape: [initial.length], type: 'f32', role: 'parameter' } as const;
      const places: Record<string, import('../../src/index.ts').Tensor> = {};
      const plan = planProgram({
        name, graph: { tensors: [weight], nodes: [] }, target: { adapterClass: 'cpu', maxBindings: 10, fusion: true, variants: {} }, wanted: [0],
        extend: ({ place, arenas }) => {
          places.step = place('step', [STEP_BYTES / 4], 'step');
          const slots = Object.fromEntries(optimizer.slots.map((slot) => [slot, place(slot, arenas.parameters.shape, 'optimizer')]));
          return { update: [optimizer.request({ ...arenas, slots, step: places.step })] };
        },
      });
      const program = await Program.create(device, store, plan);
      program.write(weight, Float32Array.from(initial));
      const gradient = plan.gradients.get(0)!;
      let worst = 0;
      for (const [index, given] of gradients.entries()) {
        const words = new Float32Array(STEP_BYTES / 4);
        words.set(optimizer.scalars(index + 1, optimizer.lr), 4);
        program.write(places.step!, words);
        program.write(gradient, Float32Array.from(given));
        submit(device, name, program.dispatches('update'));
        const now = await program.read(weight);
        parameters[index]!.forEach((value, i) => { worst = Math.max(worst, Math.abs(now[i]! - value) / Math.max(1e-2, Math.abs(value))); });
        if (now.some(Number.isNaN)) worst = Infinity;
      }
      store.destroy();
      results.push({ name, options, steps: gradients.length, worst });
    }
    device.destroy();
    return results;
  }, cases);
  expect(results).toHaveLength(cases.length);
  for (const { name, options, steps, worst } of results) {
    expect(steps).toBe(8);
    // Eight steps of a few roundings each, relative to weights of about 1.
    expect(worst, `${name} ${JSON.stringify(options)}`).toBeLessThan(2e-6);
  }
});
