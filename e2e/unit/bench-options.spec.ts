import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { readBenchOptions } from '../../src/cli/bench-options.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

const read = (...args: string[]) => readBenchOptions('npm run bench', args);

test('options of the benchmark', () => {
  expect(read()).toEqual({ matches: undefined, peers: ['chainrule', 'tfjs', 'jax', 'jax-eager', 'onnxruntime'], rounds: 8, json: false, document: false, full: false, sweep: false, help: false });
  expect(read('--case', 'matmul (256|512)').matches?.test('matmul 512 nn')).toBe(true);
  expect(read('--peer=jax', '--rounds', '20')).toMatchObject({ peers: ['chainrule', 'jax'], rounds: 20 });
  expect(read('--document', '--full')).toMatchObject({ document: true, full: true });
});

for (const [args, message] of [
  [['--case', '('], '--case needs a regular expression, got "("'],
  [['--peer', 'torch'], '--peer needs names among chainrule, tfjs, jax, jax-eager, onnxruntime, got "torch"'],
  [['--rounds', '2'], '--rounds needs a number from 3 to 1000, got "2"'],
  [['--rounds', '3.5'], '--rounds needs a number from 3 to 1000'],
  [['--jsn'], 'unknown option "--jsn"'],
  [['--document', '--case', 'MLP'], '--document needs all cases with all peers, got --case'],
  [['--document', '--peer', 'jax'], '--document needs all cases with all peers, got --peer'],
  [['--document', '--rounds', '3'], '--document needs all cases with all peers, got --rounds'],
] as const) {
  test(`refused: ${args.join(' ')}`, () => {
    expect(() => read(...args)).toThrow(message);
  });
}

for (const [file, name] of [['bench', 'npm run bench'], ['bench-node', 'npm run bench:node']] as const) {
  test(`${name} explains itself and refuses an unknown option`, () => {
    const command = (arg: string) => spawnSync(process.execPath, [`src/cli/${file}.mjs`, arg], { cwd: root, encoding: 'utf8' });
    const help = command('--help');
    expect([help.status, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain(`${name} [-- options]`);
    const unknown = command('--colour');
    expect([unknown.status, unknown.stdout]).toEqual([2, '']);
    expect(unknown.stderr).toBe(`${name}: unknown option "--colour". ${name} -- --help lists the options.\n`);
  });
}
