import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { goldenKernels } from '../golden-kernels.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = `${root}e2e/golden`;
const update = process.env.UPDATE_GOLDEN === '1';

test('every kernel function has a golden file', () => {
  const sources = readdirSync(`${root}e2e`).filter((file) => /^golden-.*\.ts$/.test(file)).map((file) => readFileSync(`${root}e2e/${file}`, 'utf8')).join('\n');
  const exported = readdirSync(`${root}shaders`).flatMap((file) =>
    [...readFileSync(`${root}shaders/${file}`, 'utf8').matchAll(/^export function (\w+)\([^{}]*(?:\{[^{}]*\}[^{}]*)*\): Kernel \{/gm)].map(([, name]) => name!))
    .filter((name) => !['laneKernel', 'workgroupKernel', 'quadKernel', 'togetherKernel', 'arenaKernel', 'elementLoss', 'elementLossTarget'].includes(name));
  expect(exported.length).toBeGreaterThan(15);
  expect(exported.filter((name) => !sources.includes(`${name}(`))).toEqual([]);
});

test('no golden file is left over', () => {
  const files = readdirSync(folder).filter((file) => !goldenKernels.has(file.replace(/\.wgsl$/, '')));
  if (update) for (const file of files) rmSync(`${folder}/${file}`);
  else expect(files).toEqual([]);
});

for (const [name, { code }] of goldenKernels) {
  test(`${name} has its golden text`, () => {
    const path = `${folder}/${name}.wgsl`;
    if (update) writeFileSync(path, code);
    expect(existsSync(path), `${path} is missing: UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(code, 'UPDATE_GOLDEN=1 writes what is right now: look at the difference').toBe(readFileSync(path, 'utf8'));
  });
}
