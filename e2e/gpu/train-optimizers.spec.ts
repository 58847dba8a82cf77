import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');
type Matrix = readonly (readonly number[])[];

/** Weights before and after one step on the same batch, for compile options that differ; the model is small, its loss a mean square. */
interface Moves {
  readonly before: Readonly<Record<string, number[]>>;
  readonly after: Readonly<Record<string, number[]>>;
  readonly launches: number;
  readonly gradientNorm?: number;
}

const STEP = async (lib: import('../harness.ts').Library, list: readonly { make: string; options: object; compile: object; lr?: number }[]): Promise<Moves[]> => {
  const { sequential, linear, tanh, mse, ...rest } = lib.chainrule;
  const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
  const batch = { inputs: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i * 2.3)), targets: Float32Array.from({ length: 8 }, (_, i) => 3 * Math.cos(i)) };
  const moves = [];
  for (const { make, options, compile, lr } of list) {
    const optimizer = (rest as unknown as Record<string, (options: object) => import('../../src/index.ts').Optimizer>)[make](options);
    await using trainer = await compileShared(sequential(linear(3, 5), tanh(), linear(5, 2)), { loss: mse(), optimizer, batchSize: 4, seed: 2, ...compile });
    if (lr !== undefined) trainer.lr = lr;
    const weights = async (): Promise<Record<string, number[]>> => Object.fromEntries(Object.entries((await trainer.state()).parameters).map(([name, { data }]) => [name, [...data]]));
    const before = await weights();
    const { gradientNorm } = await (await trainer.step(batch)).report;
    moves.push({ before, after: await weights(), launches: trainer.plan.launches.length, gradientNorm });
  }
  return moves;
};

/** What a step took from every weight. */
const taken = ({ before, after }: Moves): Record<string, number[]> =>
  Object.fromEntries(Object.entries(before).map(([name, values]) => [name, values.map((value, i) => value - after[name][i])]));

const close = (got: readonly number[], expected: readonly number[], tolerance: number): void => {
  expect(got).toHaveLength(expected.length);
  got.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(tolerance));
};

test('parameter groups: their own rates and decays, one launch each, and the rate that is set scales all', async ({ run }) => {
  const [plain, grouped, decayed, halved] = await run(STEP, [
    { make: 'sgd', options: { lr: 0.1 }, compile: {} },
    { make: 'sgd', options: { lr: 0.1 }, compile: { groups: [{ parameters: ['2'], lr: 0.3 }] } },
    { make: 'sgd', options: { lr: 0.1 }, compile: { groups: [{ parameters: ['0.weight'], weightDecay: 0.5 }, { parameters: ['2.bias'], lr: 0.2 }] } },
    { make: 'sgd', options: { lr: 0.1 }, compile: { groups: [{ parameters: ['2'], lr: 0.3 }] }, lr: 0.05 },
  ]);
  const base = taken(plain);
  const times = (factor: number, name: string): number[] => base[name].map((value) => factor * value);
  expect(grouped.launches).toBe(plain.launches + 1);
  expect(decayed.launches).toBe(plain.launches + 2);
  for (const name of ['0.weight', '0.bias']) close(taken(grouped)[name], base[name], 1e-9);
  for (const name of ['2.weight', '2.bias']) close(taken(grouped)[name], times(3, name), 1e-6);
  close(taken(decayed)['0.weight'], base['0.weight'].map((value, i) => value + 0.1 * 0.5 * plain.before['0.weight'][i]), 1e-6);
  close(taken(decayed)['2.bias'], times(2, '2.bias'), 1e-6);
  close(taken(decayed)['2.weight'], base['2.weight'], 1e-9);
  for (const name of ['0.weight', '0.bias']) close(taken(halved)[name], times(0.5, name), 1e-6);
  close(taken(halved)['2.weight'], times(1.5, '2.weight'), 1e-6);
});

test('gradients are clipped by the norm of all of them, which the step reports, or each by value', async ({ run }) => {
  const sgd = { make: 'sgd', options: { lr: 1 } };
  const [plain, norm, long, value, groups] = await run(STEP, [
    { ...sgd, compile: {} }, { ...sgd, compile: { clipGradients: { norm: 0.5 } } }, { ...sgd, compile: { clipGradients: { norm: 1e6 } } }, { ...sgd, compile: { clipGradients: { value: 0.1 } } },
    { ...sgd, compile: { clipGradients: { norm: 0.5 }, groups: [{ parameters: ['0'], lr: 2 }] } },
  ]);
  const gradients = taken(plain);
  const length = Math.hypot(...Object.values(gradients).flat());
  expect(length).toBeGreaterThan(1);
  expect(plain.gradientNorm).toBeUndefined();
  expect([norm, long, groups].map(({ gradientNorm }) => Math.abs(gradientNorm! / length - 1) < 1e-5)).toEqual([true, true, true]);
  for (const [name, values] of Object.entries(gradients)) {
    close(taken(norm)[name], values.map((g) => g * 0.5 / length), 1e-6);
    close(taken(long)[name], values, 1e-9);
    close(taken(value)[name], values.map((g) => Math.max(-0.1, Math.min(0.1, g))), 1e-6);
    close(taken(groups)[name], values.map((g) => (name.startsWith('0') ? 2 : 1) * g * 0.5 / length), 1e-6);
  }
});

const multiply = (a: Matrix, b: Matrix): number[][] => a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
const transpose = (a: Matrix): number[][] => a[0].map((_, j) => a.map((row) => row[j]));

/** Muon's direction from its definition, in float64. */
function orthogonalized(gradient: Matrix): number[][] {
  if (gradient.length > gradient[0].length) return transpose(orthogonalized(transpose(gradient)));
  const norm = Math.hypot(...gradient.flat());
  let x: number[][] = gradient.map((row) => row.map((value) => value / norm));
  for (let iteration = 0; iteration < 5; iteration += 1) {
    const gram = multiply(x, transpose(x));
    const square = multiply(gram, gram);
    const bracket = gram.map((row, i) => row.map((value, j) => -4.775 * value + 2.0315 * square[i][j]));
    const more = multiply(bracket, x);
    x = x.map((row, i) => row.map((value, j) => 3.4445 * value + more[i][j]));
  }
  return x;
}

test('muon: matrices, wide and tall, follow their orthogonalised gradient; biases follow adamW', async ({ run }) => {
  const lr = 0.1;
  const [plain, muon, matched, adamW] = await run(STEP, [
    { make: 'sgd', options: { lr: 1 }, compile: {} },
    { make: 'muon', options: { lr, weightDecay: 0.2 }, compile: {} },
    { make: 'muon', options: { lr, weightDecay: 0, nesterov: false, adjustLr: 'matchRmsAdamW' }, compile: {} },
    { make: 'adamW', options: {}, compile: {} },
  ]);
  for (const [name, rows, columns] of [['0.weight', 5, 3], ['2.weight', 2, 5]] as const) {
    const flat = taken(plain)[name];
    const direction = orthogonalized(Array.from({ length: rows }, (_, i) => flat.slice(i * columns, (i + 1) * columns))).flat();
    // The five iterations multiply the smallest singular values, and their rounding, by up to 3.4445⁵ = 485.
    const tolerance = lr * 485 * 2 ** -22;
    close(taken(muon)[name], direction.map((value, i) => lr * Math.sqrt(Math.max(1, rows / columns)) * value + lr * 0.2 * plain.before[name][i]), tolerance);
    close(taken(matched)[name], direction.map((value) => lr * 0.2 * Math.sqrt(Math.max(rows, columns)) * value), tolerance);
  }
  for (const name of ['0.bias', '2.bias']) {
    expect(muon.after[name]).toEqual(adamW.after[name]);
    expect(matched.after[name]).toEqual(adamW.after[name]);
  }
});

test('states of grouped optimisers and of schedules go on where they were', async ({ run }) => {
  const result = await run(async (lib) => {
    const { moons, sequential, linear, tanh, crossEntropy, adam, muon, lion, schedules } = lib.chainrule;
    const { compileShared } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const data = moons({ points: 64 });
    const found: Record<string, { same: boolean; slots: string[]; rates: number[] }> = {};
    const kinds = {
      adam: { optimizer: adam({ lr: 0.02, amsgrad: true }), groups: [{ parameters: ['2'], weightDecay: 0.1, beta1: 0.5 }, { parameters: (name: string) => name === '0.bias', optimizer: lion() }], schedule: schedules.cosine({ totalSteps: 20 }) },
      muon: { optimizer: muon({ lr: 0.02 }), groups: [{ parameters: ['2'], lr: 0.01 }], schedule: schedules.perEpoch(schedules.exponential({ gamma: 0.5 })), clipGradients: { norm: 1 } },
      plateau: { optimizer: adam({ lr: 0.5 }), schedule: schedules.reduceOnPlateau({ patience: 0, threshold: 0.9, factor: 0.5 }) },
    };
    for (const [name, kind] of Object.entries(kinds)) {
      const compiled = (seed: number) => compileShared(sequential(linear(2, 8), tanh(), linear(8, 2)), { loss: crossEntropy(), batchSize: 32, seed, ...kind });
      await using whole = await compiled(4);
      const rates = [whole.lr];
      await whole.fit(data, { epochs: 3 });
      rates.push(whole.lr);
      const state = structuredClone(await whole.state());
      await whole.fit(data, { epochs: 2 });
      await using second = await compiled(9);
      await second.load(state);
      rates.push(second.lr);
      await second.fit(data, { epochs: 2, seed: 4 });
      found[name] = { same: await whole.hash() === await second.hash(), slots: Object.keys(state.optimizer.state), rates };
    }
    await using trainer = await compileShared(sequential(linear(2, 2)), { loss: crossEntropy(), optimizer: adam(), schedule: schedules.cosine({ totalSteps: 20 }) });
    const errors = [await lib.caught(() => { trainer.lr = 0.5; }), await lib.caught(async () => trainer.load({ ...await trainer.state(), schedule: { scale: 1 } }))];
    return { found, errors: errors.map(({ code, message }) => `${code} ${message}`) };
  });
  const { adam, muon, plateau } = result.found;
  expect([adam.same, muon.same, plateau.same]).toEqual([true, true, true]);
  expect(adam.slots.sort()).toEqual(['0.bias.expAvg', ...['0.weight', '2.bias', '2.weight'].flatMap((name) => [`${name}.expAvg`, `${name}.expAvgSq`, `${name}.maxExpAvgSq`])].sort());
  expect(muon.slots.sort()).toEqual(['0.bias.expAvg', '0.bias.expAvgSq', '0.weight.momentumBuffer', '2.bias.expAvg', '2.bias.expAvgSq', '2.weight.momentumBuffer']);
  // Six steps of twenty, three epochs, two of three epochs that were no 90 % better.
  [adam.rates, muon.rates, plateau.rates].forEach((rates, i) => close(rates, [[0.02, 0.01 * (1 + Math.cos(0.3 * Math.PI)), 0.01 * (1 + Math.cos(0.3 * Math.PI))], [0.02, 0.0025, 0.0025], [0.5, 0.125, 0.125]][i], 1e-12));
  expect(result.errors[0]).toBe('state trainer: needs no schedule where lr is set by hand, got the schedule cosine. Compile without schedule, or with one that does what you want.');
  expect(result.errors[1]).toMatch(/^data load: needs the state of no schedule, got /);
});
