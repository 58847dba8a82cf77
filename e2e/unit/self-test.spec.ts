import type { Traits } from '../../src/ops/request.ts';
import { readFileSync } from 'node:fs';
import { expect, test } from 'playwright/test';
import { SelfTest } from '../../src/check/self-test.ts';
import type { SelfTestData, SelfTestOp } from '../../src/check/self-test-data.ts';
import { allProblems, coreProblems, testable } from '../../src/check/self-test-problems.ts';
import { applies, mutated, plantable, plantText } from '../../src/mutation/plant.ts';
import { ops, variantNames } from '../../src/ops/index.ts';
import { planGraph } from '../../src/program/run-graph.ts';
import { opRun } from '../../src/program/run-op.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Mutant } from '../../src/proof/proof.ts';
import { VERSION } from '../../src/version.ts';

const software = { adapterClass: 'cpu', maxBindings: 8, quads: true, subgroups: true } as const;
const gpu = { adapterClass: 'gpu', maxBindings: 8, quads: false } as const;

test('the version is the package\'s', () => {
  expect(VERSION).toBe(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
});

for (const [kind, device] of Object.entries({ software, gpu })) {
  test(`${kind}: the core set has a small sample of every op, and runs every kernel that small samples run`, () => {
    const problems = coreProblems(testable(proofs), device);
    expect([...new Set(problems.map(({ op }) => op))]).toEqual(Object.keys(ops));
    expect(problems.length).toBeLessThan(2 * Object.keys(ops).length);
    const namesOf = (op: string, sample: (typeof problems)[number]['sample']): string[] =>
      planGraph(opRun(op, sample.options, sample.inputs, new Float32Array()), device).launches.map(({ kernel }) => kernel.name);
    const size = ({ inputs }: (typeof problems)[number]['sample']): number => Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);
    const ran = new Set(problems.flatMap(({ op, sample }) => namesOf(op, sample)));
    const small = Object.entries(proofs).flatMap(([op, { samples }]) => samples.filter((sample) => size(sample) <= 200).flatMap((sample) => namesOf(op, sample)));
    expect(small.filter((name) => !ran.has(name))).toEqual([]);
    expect(problems.filter(({ sample }) => size(sample) > 200)).toEqual([]);
  });
}

test('the whole set has every sample under both cotangents, with every variant that changes its kernels, once', () => {
  const traits: Traits = { ...software, matrixUnits: [{ m: 8, n: 8, k: 8, type: 'f32', lanes: 32 }] };
  const problems = allProblems(testable(proofs), traits);
  for (const [op, { samples }] of Object.entries(proofs)) {
    const plain = problems.filter((problem) => problem.op === op && Object.keys(problem.variants).length === 0);
    expect(plain.map(({ sample }) => sample.name), op).toEqual(samples.map(({ name }) => name));
  }
  expect(problems.filter(({ cotangents }) => cotangents.join() !== 'ones,random')).toEqual([]);
  const kernels = new Set(problems.flatMap(({ op, sample, variants }) =>
    planGraph(opRun(op, sample.options, sample.inputs, new Float32Array(), { target: { variants } }), traits).launches.map(({ kernel }) => kernel.name)));
  for (const [family, names] of Object.entries(variantNames)) {
    for (const name of names) expect([...kernels].filter((kernel) => kernel.endsWith(`/${name}`)), `${family}:${name}`).not.toEqual([]);
  }
  const keys = problems.map(({ op, sample, variants }) => JSON.stringify([op, sample.name, sample.options, variants]));
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  // A variant that leaves the kernels as they are would run the same again.
  expect(problems.filter(({ op, variants }) => op === 'relu' && Object.keys(variants).length > 0)).toEqual([]);
});

const op: SelfTestOp = {
  op: 'linear', passed: true, verdict: 'pass', runs: 2, failed: 0, elements: 1200, worstSigma: 1.5, margin: 0.375, kernels: ['matmul-nt/small'], conventions: [], seconds: 0.125,
};
const broken: SelfTestOp = {
  ...op, op: 'relu', passed: false, verdict: 'fail', failed: 1, worstSigma: Infinity, margin: Infinity, conventions: [{ name: 'at 0', passed: false, got: 'dx[0] = 1, expected 0' }],
  failure: { sample: '[3]', cotangent: 'ones', variants: { reduce: 'serial' }, text: '✗ 3 of 3 gradients fail\n  ```\n  <img>', report: { verdict: 'fail' }, problem: 'relu n=3 seed=1' },
};
const data: SelfTestData = {
  schema: 'chainrule/self-test/1', passed: false, extent: 'core', browser: 'chromium 156', userAgent: 'Mozilla/5.0 <b>', date: '2026-01-31T12:00:00.000Z', version: '1.2.3',
  adapter: { name: 'A | <img src=x> `B`', vendor: 'v', architecture: '', device: 'd', description: '', adapterClass: 'gpu' },
  kernels: { count: 2, hash: 'ab'.repeat(32) }, ops: [op, broken],
  calibration: { rows: [{ name: 'exp', field: 'expUlp', unit: 'ulp', promised: 3, measured: 9, used: 9, points: 1000, worst: { inputs: [1], got: 2, expected: 3 } }], beyondPromise: ['exp'] },
  seconds: { calibration: 0.2, total: 2.5 },
};

test('a self-test says what fails, and how to see it again', () => {
  const text = String(new SelfTest(data));
  expect(text.split('\n')[0]).toBe('✗ 1 of 2 ops fail on A | <img src=x> `B` (core samples): relu');
  for (const part of ['linear  ✓ pass', '1,200', 'beyond what WGSL promises: exp', 'Convention at 0: dx[0] = 1, expected 0', 'Sample [3], cotangent ones, reduce:serial:', '3 of 3 gradients fail', "npm run check -- 'relu n=3 seed=1'"]) {
    expect(text).toContain(part);
  }
  const wrongHelper = String(new SelfTest({ ...data, ops: [op], calibration: { ...data.calibration, beyondPromise: ['exp', 'erf'] } }));
  expect(wrongHelper.split('\n')[0]).toBe('✗ erf of the library wrong on A | <img src=x> `B`: beyond what the formula reaches, though all 1 ops hold (core samples)');
  expect(wrongHelper).toMatch(/^ {2}beyond what WGSL promises: exp\n {2}beyond what the library's own formula reaches: erf: wrong$/m);
  const good = String(new SelfTest({ ...data, passed: true, extent: 'all', ops: [op] }));
  expect(good.split('\n')[0]).toBe('✓ 1 of 1 ops proven on A | <img src=x> `B` (every sample and kernel variant)');
});

test('its Markdown is a table that no driver\'s name can break', () => {
  const markdown = new SelfTest(data).toMarkdown();
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  // Head, rule and rows: two tables, each with as many cells in every line.
  const cells = rows.map((line) => line.replaceAll('\\|', '').split('|').length);
  expect(cells).toEqual([10, 10, 10, 10, 9, 9, 9]);
  // The report's own text stands in a fence that is longer than any in it.
  expect(markdown).toMatch(/````text\n[^]*```\n[^]*````/);
  const outside = markdown.replace(/````text[^]*?````/g, '');
  expect(outside).not.toMatch(/(^|[^\\])<(img|b>)/);
  expect(outside).toContain('\\<img src=x\\>');
});

test('its JSON is plain, with a schema', () => {
  const json = JSON.parse(JSON.stringify(new SelfTest(data))) as { schema: string; ops: { worstSigma: unknown }[] };
  expect(json).toMatchObject({ schema: 'chainrule/self-test/1', passed: false, version: '1.2.3', kernels: { count: 2, hash: 'ab'.repeat(32) } });
  expect(json.ops.map(({ worstSigma }) => worstSigma)).toEqual([1.5, 'Infinity']);
});

test('text mutants are planted where they stand, in forward and backward only', () => {
  const mutant: Mutant = { name: 'm', kernel: /^a\//g, find: 'x + 1', replace: '$& - x', symptoms: ['formula'] };
  const fits = { kernel: 'a/b', code: 'x + 1; x + 1' };
  // Twice, because an expression with g remembers.
  for (const again of [1, 2]) expect(applies(mutant, fits), String(again)).toBe(true);
  expect(applies(mutant, { kernel: 'b/a/', code: fits.code })).toBe(false);
  expect(applies(mutant, { kernel: 'a/b', code: 'x' })).toBe(false);
  expect(mutated(mutant, fits.code)).toBe('$& - x; $& - x');

  const launch = (section: 'forward' | 'backward' | 'update', code: string) =>
    ({ section, label: section, kernel: { name: 'a/b', code, bindings: [], count: 1, workgroupSize: 64, cooperative: false }, tensors: [] }) as const;
  const plan = { launches: [launch('forward', 'x + 1'), launch('backward', 'y'), launch('update', 'x + 1')] } as unknown as Parameters<ReturnType<typeof plantText>>[0];
  const told: number[] = [];
  const alter = plantText(mutant, (launches) => told.push(launches));
  expect(alter(plan).launches.map(({ kernel }) => kernel.code)).toEqual(['$& - x', 'y', 'x + 1']);
  const untouched = { ...plan, launches: plan.launches.slice(1) };
  expect(alter(untouched)).toBe(untouched);
  expect(told).toEqual([1, 0]);
});

test('the list of plantable mutants names each change once, and no equivalent one', () => {
  const real: Mutant = { name: 'real', kernel: /k/, find: 'a', replace: 'b', symptoms: ['formula'] };
  const mutants: Mutant[] = [real, { ...real, name: 'the same again' }, { ...real, name: 'elsewhere', kernel: /z/ }, { ...real, name: 'equivalent', find: 'c', reason: 'it changes nothing' }];
  const found = plantable([{ kernel: 'k1', code: 'ac' }, { kernel: 'k2', code: 'c' }, { kernel: 'k1', code: 'aa' }], { one: { ...proofs.relu, mutants }, two: { ...proofs.relu, mutants } });
  expect(found).toEqual([{ id: 'one: real', op: 'one', mutant: real, kernels: ['k1'], launches: [0, 2] }]);
});
