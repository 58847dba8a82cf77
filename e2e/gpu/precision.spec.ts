import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { SelfTestProblem as Problem } from '../../src/check/self-test-problems.ts';
import { KAPPA } from '../../src/check/verdict.ts';
import { proofs } from '../../src/proof/index.ts';
import { expect, test } from '../harness.ts';
import { baselineOf, keyOf, regressions, updated } from '../precision.ts';
import type { PrecisionFile, PrecisionRow } from '../precision.ts';

const path = fileURLToPath(new URL('../precision/kernels.json', import.meta.url));
const file: PrecisionFile = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as PrecisionFile : {};

test('no kernel is twice as inexact as when its row was written', async ({ run }) => {
  test.setTimeout(300_000);
  const measured: Record<string, PrecisionRow> = {};
  let [adapter, browser] = ['', ''];
  for (const op of Object.keys(proofs)) {
    const found = await run(async ({ load }, op) => {
      const { openDevice } = await load<typeof import('../../src/gpu/device.ts')>('/src/gpu/device.ts');
      const { opRun, runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
      const { proofs } = await load<typeof import('../../src/proof/index.ts')>('/src/proof/index.ts');
      const { normal } = await load<typeof import('../../src/proof/sample-data.ts')>('/src/proof/sample-data.ts');
      const { exact } = await load<typeof import('../../src/reference/tensor.ts')>('/src/reference/tensor.ts');
      const { DEFAULT_ROUNDING } = await load<typeof import('../../src/reference/rounding.ts')>('/src/reference/rounding.ts');
      const { calibrate } = await load<typeof import('../../src/check/calibrate.ts')>('/src/check/calibrate.ts');
      const { precisionOf } = await load<typeof import('../../src/check/precision.ts')>('/src/check/precision.ts');
      const { planGraph } = await load<typeof import('../../src/program/run-graph.ts')>('/src/program/run-graph.ts');
      const { allProblems, coreProblems } = await load<typeof import('../../src/check/self-test-problems.ts')>('/src/check/self-test-problems.ts');
      // One device for all ops: its kernels stay compiled, its calibration stays known.
      const shared = globalThis as { precisionDevice?: ReturnType<typeof openDevice>; seen?: Set<string> };
      shared.seen ??= new Set();
      const device = await (shared.precisionDevice ??= openDevice());
      const { adapter, browser, builtins } = await calibrate(device);
      const rows: Record<string, { worstSigma: number; sample: string }> = {};
      // The self-test's small samples of each op, then whatever else runs a kernel that nothing before has run: forced variants
      // compile for seconds on a software adapter.
      const kernelsOf = ({ sample, variants }: Problem): string[] =>
        planGraph(opRun(op, sample.options, sample.inputs, new Float32Array(), { target: { variants } }), device.traits).launches.map(({ kernel }) => kernel.name);
      const sizeOf = ({ sample }: Problem): number => Object.values(sample.inputs).reduce((sum, { data }) => sum + data.length, 0);
      const isForced = ({ variants }: Problem): number => Object.keys(variants).length;
      const proof = { [op]: proofs[op]! };
      const problems = coreProblems(proof, device.traits);
      for (const kernel of problems.flatMap(kernelsOf)) shared.seen!.add(kernel);
      for (const problem of allProblems(proof, device.traits).toSorted((a, b) => isForced(a) - isForced(b) || sizeOf(b) - sizeOf(a))) {
        const fresh = kernelsOf(problem).filter((kernel) => !shared.seen!.has(kernel));
        if (fresh.length > 0) problems.push(problem);
        for (const kernel of fresh) shared.seen!.add(kernel);
      }
      for (const { sample: { name, options, inputs }, variants } of problems) {
        const tensors = Object.fromEntries(Object.entries(inputs).map(([input, { shape, data }]) => [input, exact(shape, data)]));
        const { length } = proofs[op]!.forward(tensors, options, DEFAULT_ROUNDING).value;
        const snapshot = await runOp(device, op, options, inputs, Float32Array.from({ length }, (_, i) => normal(length, i)), { target: { variants } });
        for (const { kernel, worstSigma, tensor } of precisionOf(snapshot, builtins, proofs)) {
          if (worstSigma <= (rows[kernel]?.worstSigma ?? -1)) continue;
          const forced = Object.entries(variants).map(([family, variant]) => ` ${family}:${variant}`).join('');
          rows[kernel] = { worstSigma, sample: `${op} ${name}${forced}, ${tensor}` };
        }
      }
      return { adapter, browser, rows };
    }, op);
    ({ adapter, browser } = found);
    for (const [kernel, row] of Object.entries(found.rows)) {
      if (!(row.worstSigma <= (measured[kernel]?.worstSigma ?? -1))) measured[kernel] = row;
    }
  }
  await run(async () => {
    const shared = globalThis as { precisionDevice?: Promise<{ destroy(): void }>; seen?: Set<string> };
    (await shared.precisionDevice)?.destroy();
    delete shared.precisionDevice;
    delete shared.seen;
  });

  // True on every adapter, known or not: what gradient checks rely on.
  for (const [kernel, { worstSigma, sample }] of Object.entries(measured)) expect(worstSigma, `${kernel} at ${sample}`).toBeLessThanOrEqual(KAPPA);
  expect(Object.keys(measured).length, 'kernels that were measured').toBeGreaterThan(200);
  expect(Object.values(measured).filter(({ worstSigma }) => worstSigma > 0.5).length, 'kernels whose error was seen at all').toBeGreaterThan(10);

  const key = keyOf(adapter, browser);
  if (process.env.UPDATE_PRECISION === '1') {
    writeFileSync(path, `${JSON.stringify(updated(file, key, measured), undefined, 2)}\n`);
    return;
  }
  const baseline = baselineOf(file, adapter, browser);
  if (!baseline) console.log(`precision: ${key} has no table; every kernel is within ${KAPPA} σ. UPDATE_PRECISION=1 writes one.`);
  else if (!baseline.exact) console.log(`precision: ${key} has no table; compared with ${baseline.key}.`);
  expect(baseline ? regressions(baseline.table, measured) : []).toEqual([]);
});
