import { expect, test } from 'playwright/test';
import { benchmarkDocument, neededOf } from '../../src/cli/bench-document.mjs';
import { problemsOf, requirementsOf } from '../../src/cli/bench-rules.mjs';
import { measureRobustness } from '../../src/cli/bench-robustness.mjs';
import { runCases } from '../../src/cli/bench-run.mjs';
import { table } from '../../src/cli/bench-table.mjs';
import { readBenchOptions } from '../../src/cli/bench-options.mjs';
import { contestant, oneCase, resultOf } from './bench-kit.ts';

function example(ofJax: number) {
  const cases = [
    oneCase('MLP 784-128-10, batch 64', [contestant('chainrule', 2, { gflops: 1, fraction: 0.1 }), contestant('tfjs', 100, { peakBytes: 2 ** 22 }), contestant('jax', ofJax)]),
    oneCase('softmax 4096×1024', [contestant('chainrule', 3, { gbps: 2.5, fraction: 0.5 }), contestant('jax', null, { notPossible: 'no such op' })], 'rows'),
  ];
  const result = resultOf(cases, { sweeps: [{ name: 'batch of a net', note: { below: 'Something stays.', above: 'Something grows.' }, points: [{ label: '1', flops: 1e6, ms: 1 }, { label: '2', flops: 2e6, ms: 2 }] }] });
  const problems = problemsOf(result);
  return { ...result, requirements: requirementsOf(result), problems, passed: problems.length === 0 };
}

test('the table shows times, ratios, parts of the ceiling, and why something is missing', () => {
  const text = table(example(20));
  expect(text).toMatch(/MLP 784-128-10, batch 64 +chainrule +2 +2\.2 +5 +1 +10 %/);
  expect(text).toMatch(/\n +jax +20 +22 +5 +10×/);
  expect(text).toMatch(/softmax 4096×1024 +chainrule +3 +3\.3 +5 +2\.5 +50 %/);
  expect(text).toContain('softmax 4096×1024: not possible with jax: no such op');
  expect(text).toMatch(/All \d+ requirements are met/);
  expect(table(example(4))).toContain('- MLP 784-128-10, batch 64: time: 2× of jax-js, required ≥ 5× faster.\n1 problems');
});

test('the document says where it comes from and what was missed', () => {
  const text = benchmarkDocument(example(20));
  for (const part of ['2030-01-02', 'SwiftShader (google, software): a software adapter', 'chromium 200, headless', '`--a`', '@jax-js/jax 1.2.3', 'power 1 of the work: near-linear.', 'not possible: no such op']) expect(text).toContain(part);
  expect(text).toMatch(/All \d+ are met\./);
  expect(benchmarkDocument(example(4))).toContain('**1 of ');
});

test('where time is not near-linear in the work the document says why', () => {
  const text = (ms: readonly number[]): string => benchmarkDocument({ ...example(20), sweeps: [{ name: 'batch of a net', note: { below: 'Something stays.', above: 'Something grows.' }, points: ms.map((value, i) => ({ label: String(i), flops: 1e6 * 2 ** i, ms: value })) }] });
  expect(text([1, 2, 4, 8])).toContain('the power 1 of the work, 1 over the largest three sizes: near-linear.\n');
  expect(text([1, 1, 1, 2, 4])).toMatch(/the power 0\.5 of the work, 1 over the largest three sizes: not linear\. Something stays\.\n/);
  expect(text([1, 4, 16])).toContain('the power 2 of the work: not linear. Something grows.');
});

test('of ops below half of the copy the document says what they do beside', () => {
  const text = benchmarkDocument(resultOf([oneCase('layerNorm 4096×1024', [contestant('chainrule', 1, { fraction: 0.4 })], 'rows')]));
  expect(text).toContain('- layerNorm 4096×1024, 40 %: it reads each row three times');
  expect(benchmarkDocument(example(20))).not.toContain('Below half');
});

test('products are held against themselves without robustness, where that was measured', async () => {
  const at = (withoutMs: number) => ({ ...resultOf([], { robustness: [{ name: 'matmul 512 nn', ms: 10, withoutMs }] }) });
  expect(problemsOf(at(6.5))).toEqual([]);
  expect(problemsOf(at(6.49))).toEqual(['matmul 512 nn: speed: 0.649 of itself without robustness, required ≥ 0.65 of it.']);
  expect(table(at(8))).toMatch(/matmul 512 nn +10 +8 +80 %/);
  expect(benchmarkDocument(at(8))).toContain('| matmul 512 nn | 10 | 8 | 80 % |');
  const asked: string[] = [];
  const host = (who: string, samples: number[]) => ({ ask: async ({ name }: { name?: string }) => {
    asked.push(`${who} ${name}`);
    return [{ samples: [samples.shift()!, 9], problem: null }];
  } });
  expect(await measureRobustness({ usual: host('usual', [5, 4, 6, 7]), without: host('without', [3, 2, 4, 5]) }, ['matmul 512 nn'], () => {})).toEqual([{ name: 'matmul 512 nn', ms: 4, withoutMs: 2 }]);
  expect(asked).toEqual(Array.from({ length: 4 }, () => ['usual matmul 512 nn', 'without matmul 512 nn']).flat());
  await expect(measureRobustness({ usual: { ask: async () => [{ samples: [], problem: 'wrong' }] }, without: host('without', []) }, ['a'], () => {})).rejects.toThrow('a with robustness: wrong');
});

test('a part of a run makes no document', () => {
  expect(() => benchmarkDocument({ ...example(20), complete: false })).toThrow('needs a complete result');
});

const about = {
  adapter: resultOf([]).adapter, sweeps: [{ name: 'batch', note: { below: 'why', above: 'so' } }],
  cases: [
    { name: 'small', kind: 'product', large: false, flops: 1e9, bytes: 1, peers: ['chainrule', 'jax'] }, { name: 'large', kind: 'product', large: true, flops: 1e9, bytes: 1, peers: ['chainrule', 'jax', 'onnxruntime'] },
  ],
};

/** A host that computes nothing: what is asked of it, in order. */
function fakeHost(adapterClass = 'cpu') {
  const asked: string[] = [];
  let gflops = 10;
  return {
    asked,
    ask: async (request: object) => {
      const { ask, name, peers } = request as { ask: string; name?: string; peers?: string[] };
      asked.push([ask, name, ...peers ?? []].filter(Boolean).join(' '));
      if (ask === 'about') return { ...about, adapter: { ...about.adapter, class: adapterClass } };
      if (ask === 'ceilings') {
        gflops += 10;
        return { gflops, gbps: 100 - gflops, multiplyAdd: `at ${gflops}`, copy: `at ${gflops}` };
      }
      if (ask === 'sweep') return [{ label: '1', flops: 1, ms: 1 }];
      const { samples: _, ...rest } = { ...contestant('chainrule', null), samples: [] };
      return peers!.map((peer) => ({ ...rest, peer, samples: [4, 2, 3] }));
    },
  };
}

const run = (host: ReturnType<typeof fakeHost>, ...args: string[]) => runCases(host, readBenchOptions('npm run bench', args), () => undefined, {});

test('cases run with those who take part; large ones on a GPU or when asked for', async () => {
  const host = fakeHost();
  const { cases, complete, ceilings } = await run(host);
  expect(host.asked).toEqual(['about', 'ceilings', 'case small chainrule jax', 'ceilings']);
  expect(complete).toBe(true);
  // The most of both measurements, and 1 GFLOP in 2 ms of it.
  expect(ceilings).toEqual({ gflops: 30, gbps: 80, multiplyAdd: 'at 30', copy: 'at 20' });
  expect(cases[0].contestants[0]).toMatchObject({ ms: { min: 2, median: 3, rounds: 3 }, gflops: 500, fraction: 500 / 30 });
  const gpu = fakeHost('gpu');
  await run(gpu, '--peer', 'jax');
  expect(gpu.asked).toEqual(['about', 'ceilings', 'case small chainrule jax', 'case large chainrule jax', 'ceilings']);
  const full = fakeHost();
  expect((await run(full, '--full', '--case', 'large')).complete).toBe(false);
  expect(full.asked).toContain('case large chainrule jax onnxruntime');
});

test('another adapter than the one that was asked for is refused', async () => {
  const options = readBenchOptions('npm run bench', []);
  await expect(runCases(fakeHost(), options, () => undefined, { expects: 'gpu' })).rejects.toThrow('npm run bench: needs a GPU, got SwiftShader (google, software). CHAINRULE_ADAPTER=');
  await expect(runCases(fakeHost('gpu'), options, () => undefined, { expects: 'swiftshader' })).rejects.toThrow('needs a software adapter');
  expect((await runCases(fakeHost('gpu'), options, () => undefined, { expects: 'gpu' })).complete).toBe(true);
});

test('sweeps replace the cases, and a name that does not exist is told', async () => {
  const host = fakeHost();
  expect((await run(host, '--sweep')).sweeps).toEqual([{ name: 'batch', note: { below: 'why', above: 'so' }, points: [{ label: '1', flops: 1, ms: 1 }] }]);
  expect(host.asked).toEqual(['about', 'ceilings', 'sweep batch', 'ceilings']);
  await expect(run(fakeHost(), '--case', 'conv')).rejects.toThrow('--case needs to match a name (large cases need --full or a GPU), got /conv/. Names: small; large');
  await expect(run(fakeHost(), '--case', 'large')).rejects.toThrow('--case needs to match a name');
});

test('of a missed ratio the document tells what part of the ceiling it would take', () => {
  const cases = [oneCase('MLP 784-128-10, batch 256', [contestant('chainrule', 10, { fraction: 0.6 }), contestant('tfjs', 150)])];
  const missed = { what: 'MLP 784-128-10, batch 256: time', against: 'tfjs', required: '≥ 20× faster', got: '15×', met: false };
  expect(neededOf({ cases, requirements: [missed] })).toEqual([
    '- MLP 784-128-10, batch 256, against tfjs: all of it together runs at 60 % of the adapter\'s ceiling; 20× would be 80 %.',
  ]);
  // Nothing of what is met, of what has no ceiling, or of what is no time.
  expect(neededOf({ cases, requirements: [{ ...missed, met: true }, { ...missed, what: 'import to the end of the first step, cold cache' }, { ...missed, what: 'MLP 784-128-10, batch 256: peak GPU bytes' }] })).toEqual([]);
});
