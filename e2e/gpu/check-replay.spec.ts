import { expect, test } from '../harness.ts';

test('a line replays a problem, and a planted bug is investigated down to its smallest sizes', async ({ run }) => {
  const result = await run(async ({ chainrule, gradcheck, caught }) => {
    const { investigate, plantText, proofs, replay } = gradcheck;
    const device = await chainrule.openDevice();
    const line = 'matmul m=9 k=17 n=6 seed=7 variants=matmul:small';
    const right = await replay(device, line);
    const alter = plantText(proofs.matmul.mutants.find(({ find }) => find === 'for (var k = 0u;')!);
    const wrong = await replay(device, line, { alter });
    const failed = wrong.samples[0].report;
    const found = await investigate(device, failed, { alter });
    const smallest = found.investigation!.problem!;
    const again = await replay(device, smallest, { alter });
    const repaired = await replay(device, smallest);
    // Without the bug the op does not fail alone, and a report that is green has nothing to investigate.
    const elsewhere = await investigate(device, failed);
    const green = await investigate(device, right.samples[0].report);
    const errors = [await caught(() => replay(device, 'matmul m=none')), await caught(() => replay({} as never, line))];
    device.destroy();
    return {
      right: right.passed, runs: right.samples.map(({ cotangent, variants }) => [cotangent, variants]), wrong: wrong.passed, problems: failed.blame?.problems, kernel: failed.blame?.launch?.kernel,
      smallest, text: String(found), again: again.passed, repaired: repaired.passed, elsewhere: elsewhere.investigation, green: green.investigation, errors,
    };
  });
  expect([result.right, result.wrong, result.again, result.repaired]).toEqual([true, false, false, true]);
  expect(result.runs).toEqual([['ones', { matmul: 'small' }], ['random', { matmul: 'small' }]]);
  expect([result.problems, result.kernel]).toEqual([['matmul m=9 k=17 n=6 seed=1 variants=matmul:small'], 'matmul-nn/small']);
  expect(result.smallest).toMatch(/^matmul m=1 k=1 n=\d seed=1 variants=matmul:small cotangent=ones$/);
  expect(result.text).toContain(`replay it: npm run check -- '${result.smallest}', or replay(device, '${result.smallest}') in your code`);
  expect(result.elsewhere).toMatchObject({ alone: false, text: expect.stringContaining('does not fail alone') });
  expect(result.green).toBeUndefined();
  expect(result.errors.map(({ code }) => code)).toEqual(['option', 'option']);
});

test("a net's failure names the fused ops of its launch, and one of them fails alone", async ({ run }) => {
  const result = await run(async ({ chainrule, gradcheck }) => {
    const { checkGradients, investigate } = gradcheck;
    const { compile, crossEntropy, linear, openDevice, relu, sequential, sgd } = chainrule;
    const device = await openDevice();
    // In every kernel that the formula is fused into.
    const alter = (plan: import('../../src/program/plan.ts').ProgramPlan) => ({
      ...plan,
      launches: plan.launches.map((launch) => ({ ...launch, kernel: { ...launch.kernel, code: launch.kernel.code.replaceAll('select(Value(0.0), dout, y > Value(0.0))', 'dout') } })),
    });
    const trainer = await compile(sequential(linear(3, 9), relu(), linear(9, 4)), { device, loss: crossEntropy(), optimizer: sgd(), batchSize: 8, seed: 2, alter });
    const report = await investigate(device, await checkGradients(trainer), { alter });
    device.destroy();
    return { passed: report.passed, blame: report.blame, explanations: report.explanations.map(({ symptom }) => symptom), investigation: report.investigation, text: String(report), markdown: report.toMarkdown(), json: JSON.stringify(report) };
  });
  expect(result.passed).toBe(false);
  expect(result.blame?.text, result.text).toContain("relu '1'");
  expect(result.explanations.slice(0, 2), result.text).toContain('mask');
  expect(result.investigation?.alone, result.text).toBe(true);
  expect(result.investigation?.problem).toMatch(/^relu /);
  expect(result.markdown).toContain(result.investigation!.problem);
  expect(JSON.parse(result.json)).toMatchObject({ schema: 'chainrule/gradient-report/2', passed: false, investigation: { alone: true } });
});
