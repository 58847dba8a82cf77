import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { ops } from '../../src/ops/index.ts';
import type { VerifyResult } from '../../src/lab/verify-result.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

// The main job from end to end, as a person or a script starts it: it builds the page, finds the browser, trains and proves.
test('npm run verify --json tests every op, trains, proves every gradient before and after, and prints nothing but the result', async () => {
  test.setTimeout(400_000);
  const child = spawn(process.execPath, ['src/cli/verify.mjs', '--json'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, error] = ['', ''];
  child.stdout.on('data', (text) => { out += text; });
  child.stderr.on('data', (text) => { error += text; });
  const code = await new Promise<number | null>((resolve) => { child.on('close', resolve); });
  expect(out, error).not.toBe('');
  const result = JSON.parse(out) as VerifyResult;
  expect(result.problems, error).toEqual([]);
  expect([code, result.schema, result.passed]).toEqual([0, 'chainrule/verify/1', true]);
  const { gradients, selfTest, step, test: tested, training } = result.measured!;
  expect([selfTest.schema, selfTest.extent, selfTest.passed]).toEqual(['chainrule/self-test/1', 'core', true]);
  expect(selfTest.ops.map(({ op }) => op).sort()).toEqual(Object.keys(ops).sort());
  for (const { checked, total } of [gradients.before, gradients.after]) expect([checked, total]).toEqual([101_770, 101_770]);
  expect(tested.accuracy).toBeGreaterThanOrEqual(0.93);
  expect([step.dispatches <= 12, step.submits, step.buffersCreated, step.bindGroupsCreated]).toEqual([true, 1, 0, 0]);
  console.log(`verify: ${result.measured!.data.name}, ${training.steps} steps of ${step.ms.toFixed(1)} ms, ${(tested.accuracy * 100).toFixed(1)} % on test digits`);
});
