import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { traceLossNet } from '../../src/nn/net.ts';
import { planProgram, type ProgramPlan } from '../../src/program/plan.ts';
import { planStep } from '../ratchet/count.ts';
import { ratchetNets } from '../ratchet/nets.ts';
import { testNets } from '../nets.ts';

// What each pass of fusion is worth, in launches, for nets that have something for it: e2e/ratchet/fusion.json was committed, and holds.

const path = fileURLToPath(new URL('../ratchet/fusion.json', import.meta.url));

function planOf(name: string, fusion = true): ProgramPlan {
  const { model, loss } = testNets[name]!;
  const net = traceLossNet(model(), model().inputShape!, 6, loss(), { training: true });
  return planProgram({
    name, graph: net.graph, target: { adapterClass: 'cpu', maxBindings: 10, quads: false, fusion, variants: {} }, seeds: [{ tensor: net.loss.id, cotangent: 'one' }],
    wanted: net.parameters.map(({ tensor }) => tensor.id), kept: [net.loss.id],
  });
}

const figures = ({ passes }: ProgramPlan): Record<string, number> => ({ asked: passes[0]!.before, ...Object.fromEntries(passes.map(({ pass, after }) => [pass, after])) });

const now: Readonly<Record<string, Record<string, number>>> = {
  ...Object.fromEntries(Object.keys(testNets).map((name) => [name, figures(planOf(name))])),
  ...Object.fromEntries(Object.entries(ratchetNets).map(([name, make]) => [name, figures(planStep(make(false), 'cpu'))])),
};

test('each pass leaves as many launches as was committed', () => {
  if (process.env.UPDATE_RATCHET === '1') writeFileSync(path, `${JSON.stringify(now, null, 1)}\n`);
  const committed: unknown = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  expect(now, 'UPDATE_RATCHET=1 npm test -- -g "each pass leaves" writes what is right now: look at the difference.').toEqual(committed);
});

test('passes follow each other, the last leaves what is launched, and without fusion there are none', () => {
  for (const name of Object.keys(testNets)) {
    const { passes, launches } = planOf(name);
    expect(passes.map(({ pass }) => pass), name).toEqual(['siblings', 'epilogues', 'prologues']);
    for (const [index, { before, after }] of passes.entries()) {
      expect(after, name).toBeLessThanOrEqual(before);
      if (index > 0) expect(before, name).toBe(passes[index - 1]!.after);
    }
    expect(passes.at(-1)!.after, name).toBe(launches.length);
    const unfused = planOf(name, false);
    expect(unfused.passes, name).toEqual([]);
    expect(unfused.launches.length, name).toBe(passes[0]!.before);
  }
});

const saved = (name: string, pass: string): number => {
  const { before, after } = planOf(name).passes.find((one) => one.pass === pass)!;
  return before - after;
};

test('each kind of fusion is made where a net has a place for it', () => {
  // Bias gradients in the tiles of dW: one for each of two layers.
  expect(saved('relu', 'siblings')).toBe(2);
  // Bias, activation and residual at the end of the inner product, and the biases of the others.
  const residual = planOf('residual').launches.filter(({ section, label }) => section === 'forward' && label.startsWith('inner'));
  expect(residual).toHaveLength(1);
  expect(residual[0]!.kernel.bindings.map(({ name }) => name)).toEqual(expect.arrayContaining(['a', 'b', 'operand0', 'operand1', 'out']));
  expect(saved('residual', 'epilogues')).toBeGreaterThanOrEqual(5);
  // Five formulas between the layers are two launches at most.
  expect(planOf('elementwise-chain').launches.filter(({ section, kernel }) => section === 'forward' && kernel.name.startsWith('elementwise')).length).toBeLessThanOrEqual(2);
  // The mask of the activation on the loads of dW and dX.
  expect(saved('tanh-before-mse', 'prologues')).toBeGreaterThanOrEqual(1);
  // Dropout at the end of the product, its mask written beside what it is made of, and in a chain.
  const drawing = (name: string): string[] => planOf(name).launches.filter(({ kernel }) => kernel.code.includes('fn dropout')).map(({ kernel }) => kernel.name);
  expect(drawing('dropout')).toEqual(['matmul-nt/short']);
  expect(drawing('dropout-residual')).toEqual(['matmul-nt/short', 'dropout+add']);
  // Forward and backward of softmax and cross-entropy are one launch and the sum over its rows.
  const loss = planOf('classes').launches.filter(({ label }) => label.startsWith('loss'));
  expect(loss.map(({ section }) => section)).toEqual(['forward', 'forward']);
  // What follows a normalisation is at its end, and the gradient of the residual at the end of its gradient.
  const norms = planOf('norm-residual').launches.filter(({ kernel }) => kernel.name.startsWith('normalize')).map(({ kernel }) => kernel.bindings.some(({ name }) => name.startsWith('operand') || name.startsWith('saved')));
  expect(norms.filter(Boolean).length).toBeGreaterThanOrEqual(1);
});

test('an optimiser is one dispatch, also where it cuts gradients off; a norm comes from one or two before it', () => {
  const updates = (clipGradients: { norm: number } | { value: number } | undefined): number => {
    const net = ratchetNets['mlp-784-128-10']!(false);
    return planStep({ ...net, options: { ...net.options, ...(clipGradients ? { clipGradients } : {}) } }, 'cpu').launches.filter(({ section }) => section === 'update').length;
  };
  expect([updates(undefined), updates({ value: 1 }), updates({ norm: 1 })]).toEqual([1, 1, 3]);
});
