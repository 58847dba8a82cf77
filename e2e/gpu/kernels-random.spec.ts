import fc from 'fast-check';
import { buildGraph, recipes, type RandomGraph } from '../random-graph.ts';
import { expect, test, type Run } from '../harness.ts';

/** Runs a random program fused and unfused; what each check found, as plain data. */
function check(run: Run, program: RandomGraph) {
  return run(async ({ chainrule, gradcheck, load }, program) => {
    const { runGraph } = await load<typeof import('../../src/program/run-graph.ts')>('/src/program/run-graph.ts');
    const page = globalThis as { randomDevice?: Awaited<ReturnType<typeof chainrule.openDevice>> };
    const device = page.randomDevice ??= await chainrule.openDevice();
    const results = [];
    for (const fusion of [true, false]) {
      const snapshot = await runGraph(device, { name: 'random', ...program, target: { fusion } });
      const report = gradcheck.checkSnapshot(snapshot);
      results.push({ fusion, verdict: report.verdict, proven: report.proven, launches: snapshot.launches.length, text: String(report), tensors: report.tensors.map((tensor) => tensor.verdict) });
    }
    return results;
  }, program);
}

test('random programs: every gradient, fused and unfused, without a false alarm', async ({ run }) => {
  const verdicts: Record<string, number> = {};
  let proven = 0;
  let saved = 0;
  await fc.assert(fc.asyncProperty(recipes, async (recipe) => {
    const program = buildGraph(recipe);
    const results = await check(run, program);
    for (const { fusion, verdict, text, tensors } of results) {
      // What no seed depends on, dead units or a softmax under a sum leave nothing to prove: that is no alarm, but it is counted.
      expect(verdict, `fusion ${fusion}\n${program.graph.nodes.map(({ op, inputs, outputs }) => `${outputs.out} = ${op}(${Object.values(inputs).join()})`).join('\n')}\n${text}`)
        .toMatch(/^(pass|kink|below-noise|nothing-to-check)$/);
      for (const one of tensors) verdicts[one] = (verdicts[one] ?? 0) + 1;
    }
    proven += results[0]!.proven;
    saved += results[1]!.launches - results[0]!.launches;
    expect(results[0]!.launches).toBeLessThanOrEqual(results[1]!.launches);
  }), { numRuns: 40, seed: 7 });
  expect((verdicts.pass ?? 0) + (verdicts.kink ?? 0), JSON.stringify(verdicts)).toBeGreaterThan(150);
  expect(proven).toBeGreaterThan(5000);
  expect(saved, 'launches that fusion saved').toBeGreaterThan(40);
});
