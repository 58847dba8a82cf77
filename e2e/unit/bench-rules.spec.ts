import { expect, test } from 'playwright/test';
import { belowCopy, problemsOf, ratioOf, requirementsOf } from '../../src/cli/bench-rules.mjs';
import { contestant, oneCase, resultOf } from './bench-kit.ts';

const mlp = (own: number, tfjs: number, jax: number, eager = 1000) =>
  oneCase('MLP 784-128-10, batch 64', [contestant('chainrule', own), contestant('tfjs', tfjs, { peakBytes: 4 * 2 ** 20 }), contestant('jax', jax, { peakBytes: 2 * 2 ** 20 }), contestant('jax-eager', eager)]);

test('a library counts in its best mode', () => {
  expect(ratioOf(mlp(2, 100, 20), 'jax')).toBe(10);
  expect(ratioOf(mlp(2, 100, 20, 6), 'jax')).toBe(3);
  expect(ratioOf(oneCase('x', [contestant('chainrule', 2), contestant('jax', null)]), 'jax')).toBeUndefined();
  expect(ratioOf(oneCase('x', [contestant('chainrule', null), contestant('jax', 2)]), 'jax')).toBeUndefined();
});

test('a ratio that is reached is met, one just below is missed by name', () => {
  expect(problemsOf(resultOf([mlp(2, 40, 10)]))).toEqual([]);
  const [jax, tfjs] = problemsOf(resultOf([mlp(2, 39.9, 9.9)]));
  expect(jax).toBe('MLP 784-128-10, batch 64: time: 4.95× of jax-js, required ≥ 5× faster.');
  expect(tfjs).toBe('MLP 784-128-10, batch 64: time: 19.9× of tfjs, required ≥ 20× faster.');
});

for (const [name, jax, tfjs] of [
  ['matmul 512 nn', 2.5, 10], ['matmul 1024 tn', 2.5, 10], ['LeNet, batch 32', 3, 8], ['ResNet of 3 blocks, batch 32', 3, 8], ['LSTM 2×128, 16 times, batch 32', 3, 8],
  ['transformer 4×128, 64 tokens, batch 2', 3, 8],
] as const) {
  test(`what is required of ${name}`, () => {
    const at = (ofJax: number, ofTfjs: number) => problemsOf(resultOf([
      oneCase(name, [contestant('chainrule', 1), contestant('tfjs', ofTfjs, { peakBytes: 4 * 2 ** 20 }), contestant('jax', ofJax, { peakBytes: 2 * 2 ** 20 })], name.startsWith('matmul') ? 'product' : 'training'),
    ]));
    expect(at(jax, tfjs)).toEqual([]);
    expect(at(jax * 0.99, tfjs)).toHaveLength(1);
    expect(at(jax, tfjs * 0.99)).toHaveLength(1);
  });
}

test('a GPU has requirements of its own', () => {
  const gpu = { ...resultOf([]).adapter!, class: 'gpu' };
  expect(problemsOf(resultOf([mlp(2, 20, 6)], { adapter: gpu }))).toEqual([]);
  expect(problemsOf(resultOf([mlp(2, 20, 5.9)], { adapter: gpu }))).toHaveLength(1);
});

test('peak bytes: no more than jax-js, half of tfjs', () => {
  const peak = (bytes: number) => problemsOf(resultOf([oneCase('transformer 4×128, 64 tokens, batch 2', [
    contestant('chainrule', 1, { peakBytes: bytes }), contestant('tfjs', 100, { peakBytes: 2000 }), contestant('jax', 100, { peakBytes: 1000 }),
  ])]));
  expect(peak(1000)).toEqual([]);
  expect(peak(1010)).toEqual([
    'transformer 4×128, 64 tokens, batch 2: peak GPU bytes: 1.01 of jax-js, required ≤ 1 of it.', 'transformer 4×128, 64 tokens, batch 2: peak GPU bytes: 0.505 of tfjs, required ≤ 0.5 of it.',
  ]);
});

test('a step submits once and makes nothing; its dispatches are bounded', () => {
  const counted = (name: string, counts: object) => problemsOf(resultOf([oneCase(name, [contestant('chainrule', 1, { counts: { ...contestant('x', 1).counts!, ...counts } })])]));
  expect(counted('MLP 784-128-10, batch 64', {})).toEqual([]);
  expect(counted('MLP 784-128-10, batch 64', { dispatches: 13 })).toEqual(['MLP 784-128-10, batch 64: dispatches a step: 13 of itself, required ≤ 12.']);
  expect(counted('transformer 4×128, 64 tokens, batch 2', { dispatches: 137 })).toEqual([]);
  expect(counted('transformer 4×128, 64 tokens, batch 2', { dispatches: 138 })).toHaveLength(1);
  for (const name of ['buffers', 'bindGroups', 'pipelines']) expect(counted('LeNet, batch 32', { [name]: 0.125 }), name).toHaveLength(1);
  expect(counted('LeNet, batch 32', { submits: 2 })).toHaveLength(1);
});

test('the time to the first step, cold and warm', () => {
  const times = (ms: number) => ({ cold: { min: ms, median: ms, rounds: 3 }, warm: { min: ms / 2, median: ms, rounds: 3 } });
  const at = (own: number) => problemsOf(resultOf([], { startup: [{ peer: 'chainrule', ...times(own) }, { peer: 'tfjs', ...times(400) }, { peer: 'jax', ...times(200) }] }));
  expect(at(100)).toEqual([]);
  expect(at(101)).toHaveLength(4);
});

test('a failed gate fails, whoever it is; what a peer can\'t do does not', () => {
  const failed = resultOf([oneCase('matmul 256 nn', [contestant('chainrule', 1), contestant('tfjs', null, { problem: 'out is 1 at 2' }), contestant('jax', null, { notPossible: 'no such op' })])]);
  expect(problemsOf(failed)).toEqual(['matmul 256 nn: tfjs fails: out is 1 at 2.']);
  expect(problemsOf(resultOf([oneCase('matmul 256 nn', [contestant('chainrule', null, { notPossible: 'no' })])]))).toEqual(['matmul 256 nn: chainrule can\'t: no.']);
});

test('what was not measured requires nothing', () => {
  expect(requirementsOf(resultOf([oneCase('predict 784-128-10, batch 1', [contestant('chainrule', 1), contestant('jax', 1)], 'predict')]))).toEqual([]);
});

test('an op that memory bounds reaches half of the copy, or the document says why not', () => {
  const at = (name: string, fraction: number) => resultOf([oneCase(name, [contestant('chainrule', 1, { fraction }), contestant('jax', 1, { fraction: 0.1 })], 'rows')]);
  expect(belowCopy(at('softmax 4096×1024', 0.5))).toEqual([]);
  expect(belowCopy(at('softmax 4096×1024', 0.49))).toEqual([{ name: 'softmax 4096×1024', fraction: 0.49, does: expect.stringContaining('two exponentials') as unknown as string }]);
  expect(problemsOf(at('softmax 4096×1024', 0.2))).toEqual([]);
  expect(problemsOf(at('cumsum 4096×1024', 0.2))).toEqual(['cumsum 4096×1024: 0.2 of the copy\'s bandwidth, required ≥ 0.5 or a reason.']);
});
