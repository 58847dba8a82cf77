import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { costOf, differences, planStep, type RatchetFile, type StepCost } from '../ratchet/count.ts';
import { ratchetNets } from '../ratchet/nets.ts';

// What a step costs in launches, kernels, bytes and operations: no machine changes these, so no noise hides a step back.

const CLASSES = ['cpu', 'gpu'] as const;
const path = fileURLToPath(new URL('../ratchet/steps.json', import.meta.url));
const now: RatchetFile = Object.fromEntries(Object.entries(ratchetNets).map(([name, make]) => [name, Object.fromEntries(CLASSES.map((kind) => [kind, costOf(make(false), kind)])) as never]));

test('ratchet: no step costs more than was committed, and what was committed is true', () => {
  if (process.env.UPDATE_RATCHET === '1') writeFileSync(path, `${JSON.stringify(now, null, 1)}\n`);
  const committed = (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}) as RatchetFile;
  const found = Object.keys(now).flatMap((name) => CLASSES.flatMap((kind) => differences(`${name} on the ${kind} class`, committed[name]?.[kind], now[name]![kind])));
  expect(found).toEqual([]);
  expect(Object.keys(committed).filter((name) => !Object.hasOwn(now, name)), 'nets in the file that no longer are').toEqual([]);
});

test('ratchet: a figure that grows, falls, comes or goes is told', () => {
  const before: StepCost = { dispatches: 9, flops: 1000, 'launches.buffers': 2 };
  expect(differences('net', before, { ...before })).toEqual([]);
  expect(differences('net', before, { dispatches: 10, flops: 900, 'launches.sum': 1 }).map((line) => line.split('.')[0] + (/A step may not cost more/.test(line) ? ' !' : ''))).toEqual([
    'net: dispatches grew from 9 to 10 !', 'net: flops fell from 1,000 to 900', 'net: launches', 'net: launches !',
  ]);
  expect(differences('net', undefined, before)).toEqual([expect.stringMatching(/^net: has no figures yet\. UPDATE_RATCHET=1 /)]);
});

test('an MLP step is at most 12 dispatches: with two layers the one that gathers the batch among them, with three beside it', () => {
  for (const kind of CLASSES) {
    expect(now['mlp-784-128-10']![kind].dispatches! + 1, kind).toBeLessThanOrEqual(12);
    expect(now['mlp-784-512-512-10']![kind].dispatches, kind).toBeLessThanOrEqual(12);
  }
});

for (const [name, layers, perLayer] of [['transformer-4x128x64', 4, 28], ['transformer-6x384x256', 6, 22]] as const) {
  test(`${name}: a step is at most 25 + ${perLayer} dispatches a layer`, () => {
    for (const kind of CLASSES) {
      const { dispatches, 'dispatches.unfused': unfused } = now[name]![kind];
      console.log(`${name}, ${kind} class: ${dispatches} dispatches a step (${unfused} unfused), ${((dispatches! - 25) / layers).toFixed(1)} a layer beyond 25`);
      expect(dispatches! + 1, kind).toBeLessThanOrEqual(25 + perLayer * layers);
    }
  });
}

test('operations are counted by the families: products by their sizes, maps by their steps, what moves not at all', () => {
  const flops = (name: string): Record<string, number> => Object.fromEntries(planStep(ratchetNets[name]!(false), 'cpu').launches.map((launch) => [`${launch.section} ${launch.label} ${launch.kernel.name.split('/')[0]}`, launch.flops]));
  const mlp = flops('mlp-784-128-10');
  // Bias and ReLU are one operation each for every element; dW has its mask on the loads and the bias gradient beside it.
  expect(mlp['forward 0.forward matmul-nt']).toBe(2 * 64 * 784 * 128 + 2 * 64 * 128);
  expect(mlp['backward 0.backward matmul-tn']).toBeGreaterThanOrEqual(2 * 64 * 784 * 128 + 64 * 128);
  expect(mlp['update optimizer adam']).toBe(13 * (784 * 128 + 128 + 1280 + 64));
  expect(mlp['report report record']).toBe(0);
  const lenet = flops('lenet');
  // 6 maps of 28 × 28 of 5 × 5 × 1 products, with bias and ReLU; then the largest of each 2 × 2.
  expect(lenet['forward 0.forward convolution']).toBe(32 * 6 * 28 * 28 * (2 * 25 + 2));
  expect(lenet['forward 2.forward max-pooling']).toBe(32 * 6 * 14 * 14 * 4);
});
