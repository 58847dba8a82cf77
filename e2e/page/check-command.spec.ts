import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';

const root = fileURLToPath(new URL('../..', import.meta.url));

function check(...args: string[]) {
  return spawnSync(process.execPath, ['src/cli/check.mjs', ...args], { cwd: root, encoding: 'utf8', timeout: 150_000 });
}

test('npm run check proves a problem, shows a planted bug, and refuses what names none', () => {
  test.setTimeout(240_000);
  const right = check('relu rows=3 columns=5 seed=2');
  expect([right.status, right.stdout.split('\n')[0]]).toEqual([0, expect.stringMatching(/^relu: forward and gradients proven on 2 runs/)]);
  const wrong = check('relu rows=3 columns=5 seed=2', '--plant', 'relu: the mask dropped', '--json');
  expect(wrong.status, wrong.stderr).toBe(1);
  const json = JSON.parse(wrong.stdout);
  expect(json).toMatchObject({ schema: 'chainrule/op-report/1', op: 'relu', passed: false, investigation: { alone: true } });
  expect(json.samples[1].report.explanations[0].symptom).toBe('mask');
  const refused = check('relu width=3');
  expect([refused.status, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain('npm run check: replay: needs name=value with a name among rows, columns');
  expect(check('relu rows=3', '--plant', 'relu: no such bug').stderr).toContain('--plant: needs a shipped bug such as "relu: no rectifier"');
});
