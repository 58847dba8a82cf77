import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { proofDocument } from '../../src/cli/proof-document.mjs';
import { proofRecord } from '../../src/cli/proof-record.mjs';
import type { MutationResult } from '../../src/mutation/result.ts';
import { summarizeClean } from '../../src/mutation/clean.ts';
import type { CleanResult } from '../../src/mutation/clean.ts';
import { distributionOf, errorsInSigmas } from '../../src/mutation/distribution.ts';
import { randomProblem } from '../../src/mutation/random-graph.ts';
import { agreementOf } from '../../src/mutation/witness.ts';
import { ops } from '../../src/ops/index.ts';
import { proofs } from '../../src/proof/index.ts';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));

test('docs/proof.md is what the generator makes of docs/proof.json, and says nothing open', () => {
  expect(existsSync(`${docs}proof.json`), 'docs/proof.json: npm run mutate -- --document writes it').toBe(true);
  const record = JSON.parse(readFileSync(`${docs}proof.json`, 'utf8'));
  expect(readFileSync(`${docs}proof.md`, 'utf8')).toBe(proofDocument(record));
  expect(record.schema).toBe('chainrule/proof/1');
  expect(record.clean.falseAlarms).toEqual([]);
  expect(record.clean.problems).toBeGreaterThanOrEqual(200);
  expect(record.checker.mutants.filter(({ caught }: { caught: boolean }) => !caught)).toEqual([]);
  expect(record.witness.suspect).toBe(0);
  // Every op, every bug in every place.
  expect([record.scope, record.open]).toEqual(['all', []]);
  expect(Object.keys(ops).filter((op) => !(record.byGroup[op]?.killed > 0))).toEqual([]);
});

const clean = (seed: number, gradients: number[], alarm = false): CleanResult => ({
  seed, adapterClass: 'cpu', fusion: true, ops: ['tanh'], kernels: ['tanh'], verdict: alarm ? 'fail' : 'pass', alarm, proven: alarm ? 0 : gradients.length, gradients, outputs: [0.5],
  ...(alarm ? { text: 'wrong' } : {}),
});

test('clean problems are summed up: alarms, errors, and what another κ would do', () => {
  const summary = summarizeClean([clean(1, [0.1, 0.2]), clean(2, [2.5]), clean(3, [9], true)], 3);
  expect([summary.problems, summary.proven, summary.elements, summary.falseAlarms]).toEqual([3, 2, 3, [{ seed: 3, adapterClass: 'cpu', fusion: true, verdict: 'fail', text: 'wrong' }]]);
  expect(summary.gradients).toEqual({ count: 4, median: 0.2, percentile90: 9, percentile99: 9, percentile999: 9, largest: 9 });
  const alarms = Object.fromEntries(summary.alarmsAt.map(({ kappa, problems }) => [kappa, problems]));
  expect([alarms[0.5], alarms[2], alarms[4], alarms[16]]).toEqual([2, 2, 1, 0]);
});

test('distributions and errors in σ', () => {
  expect(distributionOf([])).toEqual({ count: 0, median: 0, percentile90: 0, percentile99: 0, percentile999: 0, largest: 0 });
  expect(distributionOf(Array.from({ length: 1000 }, (_, i) => 1000 - i))).toEqual({ count: 1000, median: 500, percentile90: 900, percentile99: 990, percentile999: 999, largest: 1000 });
  expect([...errorsInSigmas([1, 3, NaN, 5, 1e-38], Float64Array.of(1, 1, 1, 1, 0), Float64Array.of(4, 4, 4, 0, 0))]).toEqual([0, 1, Infinity, Infinity, 0]);
});

/** What random problems are made of: the ops of fully connected nets. */
const MIXED = ['add', 'sub', 'mul', 'sigmoid', 'tanh', 'relu', 'leakyRelu', 'gelu', 'silu', 'matmul', 'linear', 'softmax', 'sum', 'mean', 'reshape', 'mse', 'bceWithLogits', 'crossEntropy'];

test('the random problems hold every op of fully connected nets, and the same seed is the same problem', () => {
  const used = new Set(Array.from({ length: 200 }, (_, i) => randomProblem(i + 1)).flatMap(({ graph }) => graph.nodes.map(({ op }) => op)));
  expect(MIXED.filter((op) => !used.has(op))).toEqual([]);
  expect(randomProblem(17)).toEqual(randomProblem(17));
  expect(randomProblem(17).graph).not.toEqual(randomProblem(20).graph);
});

test('the witnesses agree on every sample, and a wrong one shows', () => {
  for (const op of ['tanh', 'softmax', 'crossEntropy']) {
    const { elements, withinBar, differences, complex, complexSteps, suspect } = agreementOf(op);
    expect([suspect, withinBar], op).toEqual([0, elements]);
    expect(differences, op).toBeLessThan(1e-9);
    expect(complex, op).toBeLessThan(1e-12);
    expect(complexSteps, op).toBeGreaterThan(100);
  }
  const wrong = { ...proofs.tanh, backward: (...call: Parameters<typeof proofs.tanh.backward>) => ({ x: { ...call[2], value: call[2].value.map((value) => value * 1.001) } }) };
  const { elements, suspect, withinBar, complex } = agreementOf('tanh', { ...proofs, tanh: wrong });
  expect(suspect).toBeGreaterThan(0.9 * elements);
  expect(withinBar).toBeLessThan(0.1 * elements);
  expect(complex).toBeGreaterThan(1e-3);
});

const counts = { total: 3, killed: 2, survived: 1, equivalent: 0, wrongReason: 0, invalid: 0, passed: 0, falseAlarm: 0 };
const result = {
  schema: 'chainrule/mutation/1', passed: false, version: '1.2.3', adapter: 'A', browser: 'chromium 1.2', scope: 'core', shard: null, seconds: 60,
  bySection: { ops: counts }, byClass: { text: counts }, byGroup: { tanh: counts }, diagnosis: { kernel: { right: 2, of: 2 }, explanation: { right: 1, of: 2 } },
  practices: [{ name: 'the loss falls', noticed: 1, of: 4, falseAlarms: 0, clean: 1 }], trainedAnyway: { right: 1, of: 2 },
  results: [
    { section: 'ops', id: 'tanh: a', group: 'tanh', class: 'text', name: 'a', outcome: 'killed', by: 'x', sigmas: 7, ms: 1 },
    { section: 'ops', id: 'tanh: b', group: 'tanh', class: 'text', name: 'b', outcome: 'killed', by: 'x', sigmas: null, ms: 1 },
    { section: 'ops', id: 'tanh: c | d', group: 'tanh', class: 'text', name: 'c', outcome: 'survived', by: 'pass', ms: 1 },
    { section: 'ops', id: 'tanh: e', group: 'tanh', class: 'text', name: 'e', outcome: 'equivalent', by: 'it is 0', ms: 1 },
  ],
} as const satisfies MutationResult;

test('the document shows what is open, and counts bugs at other limits', async () => {
  const record = await proofRecord({
    result, clean: summarizeClean([clean(1, [0.1])], 1), checker: { cases: 9, mutants: [{ name: 'm', file: 'f.ts', caught: false, by: 'no case' }], seconds: 1 },
    calibration: { schema: 'chainrule/calibration/1', adapter: 'A', browser: 'chromium 1', builtins: {} as never, measured: [], beyondPromise: [], milliseconds: 3 },
    command: 'npm run mutate -- --document', date: '2020-01-02', precision: { 'tanh/lane': { worstSigma: 1.5, sample: 'tanh s' } },
    witness: { ops: [], samples: 1, elements: 2, differences: 1e-12, withinBar: 2, replaced: 0, complexSteps: 1, complex: 1e-15, suspect: 0, seconds: 1 },
  });
  expect(record.sigmas.filter(({ kappa }) => kappa === 6 || kappa === 8)).toEqual([{ kappa: 6, found: 2, of: 2 }, { kappa: 8, found: 1, of: 2 }]);
  expect(record.equivalents).toEqual([{ reason: 'it is 0', count: 1 }]);
  const text = proofDocument(record);
  for (const part of ['**2 of 3 found,', 'npm run mutate -- --document', 'wrote this on 2020-01-02: chainrule 1.2.3, A, chromium 1.2', '| text | 3 | 2 | 1 | 0 | 0 | 66.6 % |', '| ops: tanh: c \\| d | survived | pass |', '| m | `f.ts` | **no** |', '| `tanh/lane` | 1.5 | tanh s |']) expect(text).toContain(part);
  expect(text).not.toMatch(/undefined|NaN|\[object/);
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
});
