import { missing, readFixtures } from '../fixtures/torch.ts';
import { expect, test } from '../harness.ts';

interface Case {
  readonly optimizer: string;
  readonly options: Readonly<Record<string, unknown>> & { readonly betas?: readonly [number, number] };
  readonly initial: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  /** After each step. */
  readonly parameters: readonly (readonly number[])[];
}

/** Half a unit in the last place of float32, relative: the largest error of one rounding. */
const HALF_ULP = 2 ** -24;

/**
 * How far float32 may be from PyTorch's float64 at each step. A step computes its update with some twenty roundings (the scalars, the products
 * and sums of two moments, a root, a division), and each moment carries one more rounding or two of every step before; what
 * cancels in a moment keeps the size of its terms, so the roundings count by the largest update of any element. Then the weight is
 * rounded once. All of it adds up over the steps, as if every rounding had the same sign.
 */
function tolerances(initial: readonly number[], parameters: Case['parameters']): number[][] {
  const sums = initial.map(() => 0);
  return parameters.map((now, step) => {
    const before = step === 0 ? initial : parameters[step - 1]!;
    const update = Math.max(...now.map((value, i) => Math.abs(value - before[i]!)));
    now.forEach((value, i) => { sums[i]! += HALF_ULP * (Math.abs(value) + (20 + 2 * step) * update); });
    return [...sums];
  });
}

/** What the PyTorch that made the fixtures does otherwise than today's: it was one before 2.0, whose NAdam took one factor twice. */
const AS_THEN: Readonly<Record<string, object>> = { nadam: { repeatedMomentum: true } };

const cases = readFixtures<readonly Case[]>('optimizers');
if (!cases) test('fixtures › optimizers', () => missing('optimizers'));

for (const [index, { optimizer, options: { betas, ...rest }, initial, gradients, parameters }] of (cases ?? []).entries()) {
  const options = { ...rest, ...(betas ? { beta1: betas[0], beta2: betas[1] } : {}), ...AS_THEN[optimizer] };
  test(`fixtures › optimizers ${index}: ${optimizer} ${JSON.stringify(options)}`, async ({ run }) => {
    const steps = await run(async ({ chainrule, load }, { name, options, initial, gradients }) => {
      const { planProgram } = await load<typeof import('../../src/program/plan.ts')>('/src/program/plan.ts');
      const { BufferStore, Program } = await load<typeof import('../../src/program/program.ts')>('/src/program/program.ts');
      const { submit } = await load<typeof import('../../src/gpu/sequence.ts')>('/src/gpu/sequence.ts');
      const { STEP_BYTES } = await load<typeof import('../../shaders/kernel.ts')>('/shaders/kernel.ts');
      const { sharedDevice } = await load<typeof import('./page-kit.ts')>('/e2e/gpu/page-kit.ts');
      const make = (chainrule as unknown as Record<string, ((options: object) => import('../../src/index.ts').Optimizer) | undefined>)[name];
      if (!make) return `no optimizer of ours stands for ${name}`;
      const made = make(options);
      const device = await sharedDevice();
      const store = new BufferStore(device);
      const weight = { id: 0, name: 'weight', shape: [initial.length], type: 'f32', role: 'parameter' } as const;
      let step: import('../../src/index.ts').Tensor | undefined;
      const plan = planProgram({
        name, graph: { tensors: [weight], nodes: [] }, target: { ...device.traits, fusion: true, variants: {} }, wanted: [0],
        extend: ({ place, arenas, value }) => {
          step = place('step', [STEP_BYTES / 4], 'step');
          const slots = Object.fromEntries(made.slots.map((slot) => [slot, place(slot, arenas.parameters.shape, 'optimizer')]));
          return { update: made.requests({ ...arenas, slots, step, value, tensors: [], clip: undefined, clipReads: {} }) };
        },
      });
      const program = await Program.create(device, store, plan);
      program.write(weight, Float32Array.from(initial));
      const after: number[][] = [];
      for (const [at, given] of gradients.entries()) {
        const words = new Float32Array(STEP_BYTES / 4);
        words.set(made.scalars(at + 1, made.lr), 4);
        program.write(step!, words);
        program.write(plan.gradients.get(0)!, Float32Array.from(given));
        submit(device, name, program.dispatches('update'));
        after.push([...await program.read(weight)]);
      }
      store.destroy();
      return { after, launches: plan.launches.filter(({ section }) => section === 'update').length };
    }, { name: optimizer, options, initial, gradients });
    if (typeof steps === 'string') throw new Error(steps);
    expect(steps.launches).toBe(1);
    expect(steps.after).toHaveLength(8);
    const allowed = tolerances(initial, parameters);
    const shares = steps.after.flatMap((now, step) => now.map((value, i) => Math.abs(value - parameters[step]![i]!) / allowed[step]![i]!));
    // NaN is no number that is small enough.
    const worst = shares.some(Number.isNaN) ? Infinity : Math.max(...shares);
    console.log(`${optimizer} ${JSON.stringify(options)}: ${worst.toFixed(2)} of what is allowed`);
    expect(worst).toBeLessThan(1);
  });
}
