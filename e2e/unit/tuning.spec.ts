import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, test } from 'playwright/test';
import { matmulFamily, multiply } from '../../src/ops/matmul.ts';
import { ops } from '../../src/ops/index.ts';
import type { Request, Target } from '../../src/ops/request.ts';
import type { Shape, Tensor } from '../../src/ops/tensor.ts';
import { fastest, race } from '../../src/nn/tuning/choose.ts';
import { adapterKey, browserKey, requestKey, sizeClass, storedKey } from '../../src/nn/tuning/keys.ts';
import { fileStore } from '../../src/nn/tuning/file-store.ts';
import { KEPT_CHOICES, memoryStore } from '../../src/nn/tuning/store.ts';
import { candidatesOf, canTry, differs, MOST_CANDIDATES } from '../../src/nn/tuning/trial.ts';
import { checkTune, Tuner } from '../../src/nn/tuning/tuner.ts';

const TARGET: Target = { adapterClass: 'gpu', maxBindings: 10, quads: false, fusion: true, variants: {} };
const tensor = (id: number, shape: Shape): Tensor => ({ id, name: `t${id}`, shape, type: 'f32', role: 'value' });
const product = (m: number, k: number, n: number, spec = {}): Request => multiply(spec, tensor(0, [m, k]), tensor(1, [k, n]), tensor(2, [m, n]));

/** A clock that only measurements move. */
function raceWith(times: Readonly<Record<string, readonly number[]>>, budget = 1000): Promise<{ order: string; found: Record<string, number> }> {
  let now = 0;
  const order: string[] = [];
  const counts: Record<string, number> = {};
  return race(Object.keys(times), async (variant) => {
    const nth = counts[variant] = (counts[variant] ?? -1) + 1;
    const took = times[variant]![Math.min(nth, times[variant]!.length - 1)]!;
    now += took;
    order.push(variant);
    return took;
  }, budget, () => now).then((found) => ({ order: order.join(''), found: Object.fromEntries(found) }));
}

test('a race goes in turns, keeps the least, and lets go of those far behind after three rounds', async () => {
  expect(await raceWith({ a: [3, 1, 2], b: [2, 2, 1.4], c: [9, 9, 9] })).toEqual({ order: `${'abc'.repeat(3)}${'ab'.repeat(5)}`, found: { a: 1, b: 1.4, c: 9 } });
  // Half as slow again as the best stays.
  expect((await raceWith({ a: [2], b: [3] })).order).toBe('ab'.repeat(8));
  expect((await raceWith({ a: [2], b: [3.01] })).order).toBe('ababab');
});

test('a race ends with its budget, after everyone was measured once', async () => {
  expect((await raceWith({ a: [80], b: [90], c: [100] }, 150)).order).toBe('abc');
  expect((await raceWith({ a: [10], b: [11] }, 50)).order).toBe('ababa');
});

test('the fastest is chosen where it is faster by enough, never one that was refused', () => {
  const timed = (times: Readonly<Record<string, number | undefined>>) => Object.entries(times).map(([variant, milliseconds]) => ({ variant, milliseconds }));
  expect(fastest(timed({ rule: 100, other: 95 }), 'rule', 0.05)).toBe('other');
  expect(fastest(timed({ rule: 100, other: 95.1 }), 'rule', 0.05)).toBe('rule');
  expect(fastest(timed({ rule: 100, other: 99.9 }), 'rule', 0)).toBe('other');
  expect(fastest(timed({ rule: 100, other: undefined, third: 50 }), 'rule', 0.05)).toBe('third');
  // The rule's own choice was refused: any that is right is better.
  expect(fastest(timed({ rule: undefined, other: 500 }), 'rule', 0.05)).toBe('other');
  expect(fastest(timed({ rule: undefined }), 'rule', 0.05)).toBe('rule');
  // Where the clock tells nothing, the rule stays.
  expect(fastest(timed({ other: 0, rule: 0 }), 'rule', 0)).toBe('rule');
});

test('results must be those of the simplest kernel: one product too few of a thousand shows, another order of the sum does not', () => {
  const [m, k] = [64, 1024];
  const numbers = Float32Array.from({ length: m * k }, (_, i) => Math.sin(i * i) / 2);
  const sums = (from: number, to: number, step: number): Float32Array => Float32Array.from({ length: m }, (_, row) => {
    let sum = 0;
    for (let i = from; i !== to; i += step) sum = Math.fround(sum + Math.fround(numbers[row * k + i]! * numbers[(row * k + 7 * i) % numbers.length]!));
    return sum;
  });
  const expected = sums(0, k, 1);
  expect(differs([sums(k - 1, -1, -1)], [expected])).toBeUndefined();
  expect(differs([sums(0, k - 1, 1)], [expected])).toContain('where the simplest kernel gives');
  expect(differs([expected.map((x, i) => (i === 3 ? NaN : x))], [expected])).toContain('element 3 is NaN');
  expect(differs([expected, new Float32Array(m)], [expected, new Float32Array(m)])).toBeUndefined();
  expect(differs([expected, new Float32Array(m).fill(1e-30)], [expected, new Float32Array(m)])).toContain('element 0');
});

test('all variants that run compete, twelve at most; barriers do not on a software adapter', () => {
  const names = (request: Request, target: Partial<Target> = {}): string[] => candidatesOf(request, { ...TARGET, ...target }).map(({ variant }) => variant);
  expect(ops.matmul).toBeDefined();
  expect(names(product(64, 64, 64))).toEqual(['tiled-128x128', 'tiled-128x64', 'tiled', 'tiled-32x32', 'gemv', 'register', 'short', 'small']);
  expect(names(product(64, 64, 64), { adapterClass: 'cpu', quads: true })).toEqual(['quad-wide', 'quad', 'register', 'short', 'small']);
  const [small] = matmulFamily.variants.slice(-1);
  const many = { ...matmulFamily, variants: [...Array.from({ length: 20 }, (_, i) => ({ ...small!, name: `v${i}`, kernel: (spec: never, target: Target) => ({ ...small!.kernel(spec, target), code: `${i}` }) })), small!] };
  const capped = names({ ...product(8, 8, 8), family: many as never });
  expect(capped).toHaveLength(MOST_CANDIDATES);
  expect([capped[0], capped.at(-1)]).toEqual(['v0', 'small']);
  // A product in slices is two launches with a tensor between them, which the plan does not know.
  const [split] = candidatesOf(multiply({ transposeA: true }, tensor(0, [2048, 64]), tensor(1, [2048, 64]), tensor(2, [64, 64])), TARGET);
  expect([split!.variant, split!.launches.length, split!.between.map(({ id }) => id)]).toEqual(['split', 2, [-1]]);
});

test('only work on f32 numbers that nothing updates in place is tried', () => {
  const request = product(8, 8, 8);
  expect(canTry(request)).toBe(true);
  expect(canTry({ ...request, reads: { ...request.reads, a: { ...request.reads.a!, type: 'u32' } } })).toBe(false);
  expect(canTry({ ...request, reads: { ...request.reads, a: { ...request.reads.a!, half: true } } })).toBe(false);
  expect(canTry({ ...request, writes: { out: tensor(9, [7]) } })).toBe(false);
  expect(canTry({ ...request, updates: { sum: tensor(9, [8]) } })).toBe(false);
});

test('keys: the same work has one, other sizes, adapters, browsers and kernels have others; sizes of a class share one', async () => {
  expect(requestKey(product(8, 8, 8))).toBe(requestKey(product(8, 8, 8)));
  expect(requestKey(product(8, 8, 8))).not.toBe(requestKey(product(8, 8, 9)));
  expect(sizeClass(product(60, 500, 130))).toBe(sizeClass(product(64, 512, 128)));
  expect(sizeClass(product(64, 512, 128))).not.toBe(sizeClass(product(64, 1024, 128)));
  expect(sizeClass(product(64, 512, 128))).not.toBe(sizeClass(product(64, 512, 128, { transposeB: true })));
  expect(sizeClass({ family: matmulFamily as never, spec: { stride: -3, offset: 0, steps: ['a', 'b'], none: [], isFirst: true, isLast: false, cell: 'gru' } })).toBe('matmul: 2 steps, cell "gru", isFirst, offset 0, stride -4');
  const facts = { name: 'x', vendor: 'acme', architecture: 'gen 9', device: '', description: '', adapterClass: 'gpu' } as const;
  expect(adapterKey({ facts })).toBe('acme gen 9 gpu');
  expect(browserKey({ navigator: { userAgent: 'Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/156.0.8078.79 Safari/537.36' } })).toBe('Chrome 156');
  expect(browserKey({ navigator: { userAgent: 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1 Version/26.1 Safari/605.1' } })).toBe('Version 26');
  expect(browserKey({ navigator: { userAgent: 'Node.js/20' } })).toBe('Node.js 20');
  expect(browserKey({ process: { versions: { node: '20.19.1' } } })).toBe('Node.js 20');
  expect(browserKey({})).toBe('unknown');
  const keys = await Promise.all([['a', 'b'], ['a', 'c'], ['ab', ''], ['a', 'b', '']].map(storedKey));
  expect(new Set(keys).size).toBe(4);
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(await storedKey(['a', 'b'])).toBe(keys[0]);
});

test('memory keeps the newest 500', async () => {
  const store = memoryStore();
  for (let i = 0; i < KEPT_CHOICES; i++) await store.set(`k${i}`, 'v');
  // Set anew, so no longer the oldest.
  await store.set('k0', 'w');
  await store.set('more', 'v');
  expect([await store.get('k0'), await store.get('k1'), await store.get('k2'), await store.get('more'), await store.get('none')]).toEqual(['w', undefined, 'v', 'v', undefined]);
});

test('a file keeps choices for Node: the newest, over programs, and no other file is ever written to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-choices-'));
  try {
    const path = join(folder, 'choices.json');
    const store = fileStore(path);
    expect(await store.get('k')).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
    // At once: none is lost.
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.set(`k${i}`, `v${i}`)));
    expect(await Promise.all(['k0', 'k19'].map((key) => fileStore(path).get(key)))).toEqual(['v0', 'v19']);
    // Nor by stores that do not know of each other, by whatever name they call the file.
    const stores = [fileStore(path), fileStore(path), fileStore(relative('.', path))];
    await Promise.all(Array.from({ length: 30 }, (_, i) => stores[i % 3]!.set(`s${i}`, `v${i}`)));
    expect(await Promise.all(Array.from({ length: 30 }, (_, i) => store.get(`s${i}`)))).toEqual(Array.from({ length: 30 }, (_, i) => `v${i}`));
    writeFileSync(path, JSON.stringify({ title: 'chainrule kernel choices', choices: { ...Object.fromEntries(Array.from({ length: KEPT_CHOICES }, (_, i) => [`k${i}`, 'v'])), odd: 7 } }));
    await store.set('k0', 'w');
    await store.set('more', 'v');
    expect(await Promise.all(['k0', 'k1', 'k2', 'more', 'odd'].map((key) => store.get(key)))).toEqual(['w', undefined, 'v', 'v', undefined]);
    // Nothing is left of what was written on the way.
    expect(readdirSync(folder)).toEqual(['choices.json']);
    for (const foreign of ['my notes', '{"title":"mine","choices":{}}', 'null', '{"title":"chainrule kernel choices","choices":null}']) {
      writeFileSync(path, foreign);
      await expect(store.get('k')).rejects.toThrow(/^fileStore: needs a file of kernel choices, got another in ".*"\. Give the path of a file that is not there yet\.$/);
      await expect(store.set('k', 'v')).rejects.toThrow('fileStore: needs a file of kernel choices');
      expect(readFileSync(path, 'utf8')).toBe(foreign);
    }
    // A choice that could not be kept does not hold up the next one.
    rmSync(path);
    await store.set('k', 'v');
    expect(await store.get('k')).toBe('v');
    await expect(fileStore(join(folder, 'missing', 'choices.json')).set('k', 'v')).rejects.toThrow('ENOENT');
    await expect(fileStore(folder).get('k')).rejects.toThrow('EISDIR');
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(() => fileStore('')).toThrow('fileStore: needs the path of a file, got "".');
  expect(() => fileStore(new URL('file:///x') as never)).toThrow('fileStore: needs the path of a file, got URL.');
});

test('options of tune are checked one by one', () => {
  expect([checkTune(false), checkTune(true), checkTune({ budget: 20 })]).toEqual([undefined, {}, { budget: 20 }]);
  for (const [tune, message] of [
    ['yes', 'compile: needs tune to be true, false or options, got "yes".'],
    [[], 'compile: needs tune to be true, false or options, got [].'],
    [new Map([['budget', 20]]), 'compile: needs tune to be true, false or options, got Map.'],
    [null, 'compile: needs tune to be true, false or options, got null.'],
    [{ speed: 1 }, 'compile: needs options among deterministic, table, store, budget, minimumGain, onProgress, got an unknown option "speed".'],
    [{ deterministic: 1 }, 'compile: needs tune.deterministic to be true or false, got 1.'],
    [{ table: 'mine' }, 'compile: needs tune.table to be true or false, got "mine".'],
    [{ store: {} }, 'compile: needs tune.store with get and set, got Object.'],
    [{ budget: 0 }, 'compile: needs tune.budget'],
    [{ minimumGain: 1 }, 'compile: needs tune.minimumGain'],
    [{ onProgress: true }, 'compile: needs tune.onProgress to be a function, got true.'],
  ] as const) {
    expect(() => checkTune(tune), String(message)).toThrow(message);
  }
});

test('of programs that are planned at once each hears that kernels were chosen for what it noted; the next one need not plan anew', async () => {
  const tuner = new Tuner({ deterministic: true, table: false });
  const device = { facts: { vendor: 'a', architecture: 'b', device: 'c', description: 'd' }, traits: TARGET } as never;
  const [one, two] = [product(64, 64, 64), product(32, 64, 64)];
  expect([tuner.choose(one), tuner.choose(two)]).toEqual([undefined, undefined]);
  // The first turn takes what both have noted.
  expect(await Promise.all([tuner.settle(device, TARGET), tuner.settle(device, TARGET)])).toEqual([true, true]);
  expect([tuner.choose(one), tuner.choose(two)]).toEqual(['small', 'small']);
  expect(tuner.report.work).toHaveLength(2);
  await new Promise((resolve) => { setTimeout(resolve, 0); });
  expect(await tuner.settle(device, TARGET)).toBe(false);
});
