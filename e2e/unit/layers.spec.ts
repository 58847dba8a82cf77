import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { violations } from '../layers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function sources(): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of ['src', 'shaders', 'examples', 'e2e']) {
    for (const entry of readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })) {
      const path = `${folder}/${entry.replaceAll('\\', '/')}`;
      if (/\.(ts|tsx|mjs)$/.test(path)) files.set(path, readFileSync(`${root}/${path}`, 'utf8'));
    }
  }
  return files;
}

test('the sources keep the rules of the architecture', () => {
  const files = sources();
  for (const prefix of ['src/gpu/', 'src/ops/', 'src/reference/', 'src/cli/', 'shaders/', 'examples/', 'e2e/']) {
    expect([...files.keys()].filter((path) => path.startsWith(prefix)).length, `files looked at in ${prefix}`).toBeGreaterThan(0);
  }
  expect(violations(files)).toEqual([]);
});

const good = new Map([
  ['src/errors.ts', 'export const e = 1;'],
  ['src/ops/tensor.ts', 'export type Shape = number[];'],
  ['src/ops/index.ts', 'export const ops = {};'],
  ['src/gpu/device.ts', 'export const d: GPUDevice | undefined = await navigator.gpu.requestAdapter() as never;'],
  ['src/reference/sum.ts', "import type { Shape } from '../ops/tensor.ts'; import '../errors.ts'; export type S = Shape;"],
  ['src/check/verdict.ts', "import '../reference/sum.ts'; // innerHTML, GPUDevice and eval( in a comment are harmless"],
  ['src/index.ts', "import './gpu/device.ts';"],
  ['src/gradcheck.ts', "import './check/verdict.ts';"],
  ['src/lab/app.tsx', "import 'preact'; import 'chainrule'; import 'chainrule/gradcheck'; export const x = <p>WebGPU</p>;"],
  ['src/cli/start.mjs', "import 'node:fs'; import 'vite';"],
  ['examples/iris.ts', "import 'chainrule'; import 'chainrule/gradcheck'; import 'papaparse'; import './kit.ts';"],
  ['examples/kit.ts', 'export type K = number;'],
]);

test('good sources pass', () => expect(violations(good)).toEqual([]));

const bad: readonly [rule: string, path: string, text: string, problem: RegExp][] = [
  ['upward', 'src/gpu/device.ts', "import '../ops/tensor.ts';", /higher layer/],
  ['upward in a type', 'src/gpu/device.ts', "export type T = typeof import('../ops/tensor.ts');", /higher layer/],
  ['upward in export from', 'src/gpu/device.ts', "export * from '../ops/tensor.ts';", /higher layer/],
  ['upward in a dynamic import', 'src/gpu/device.ts', "await import('../ops/tensor.ts');", /higher layer/],
  ['upward in a worker', 'src/gpu/device.ts', "new Worker(new URL('../lab/app.tsx', import.meta.url));", /higher layer/],
  ['the public API below itself', 'src/check/verdict.ts', "import 'chainrule';", /higher layer/],
  ['the reference uses an op', 'src/reference/sum.ts', "import { x } from '../ops/tensor.ts'; export { x };", /must not share code/],
  ['the reference uses the GPU', 'src/reference/sum.ts', "import type { d } from '../gpu/device.ts'; export type D = typeof d;", /must not share code/],
  ['the index reaches the proof', 'src/index.ts', "import './check/verdict.ts';", /reaches src\/check\/verdict\.ts/],
  ['the worker reaches an op', 'src/check/worker.ts', "import '../ops/index.ts';", /reaches src\/ops\/index\.ts, which the worker/],
  ['a cycle', 'src/errors.ts', "import './errors.ts';", /import cycle/],
  ['a GPU type', 'src/ops/tensor.ts', 'export let b: GPUBuffer;', /GPUBuffer/],
  ['navigator.gpu', 'src/lab/app.tsx', 'await navigator.gpu.requestAdapter();', /navigator\.gpu/],
  ['an example that reaches into the library', 'examples/iris.ts', "import '../src/errors.ts';", /an example uses chainrule/],
  ['an example with a package', 'examples/iris.ts', "import 'preact';", /an example uses chainrule/],
  ['a long example', 'examples/iris.ts', '\n'.repeat(61), /has 61 lines, more than 60/],
  ['the library uses an example', 'src/gradcheck.ts', "import '../examples/kit.ts';", /higher layer/],
  ['a package in the library', 'src/ops/tensor.ts', "import 'preact';", /the package preact/],
  ['a command imports the library', 'src/cli/start.mjs', "import '../index.ts';", /plain Node/],
  ['a missing file', 'src/lab/app.tsx', "import './gone.ts';", /does not exist/],
  ['a question for an op', 'src/check/verdict.ts', "export const x = (op: string) => op === 'relu';", /holds the op relu/],
  ['a case for an op', 'src/check/verdict.ts', "export function x(op: string) { switch (op) { case 'linear': return 1; default: return 2; } }", /holds the op linear/],
  ['no layer', 'src/utils/x.ts', '', /in no layer/],
  ['a long file', 'e2e/x.spec.ts', '\n'.repeat(401), /401 lines/],
  ['innerHTML', 'src/lab/app.tsx', "document.body.innerHTML = 'x';", /innerHTML/],
  ['JSX markup', 'src/lab/app.tsx', "export const x = <p dangerouslySetInnerHTML={{ __html: '' }} />;", /dangerouslySetInnerHTML/],
  ['insertAdjacentHTML', 'src/lab/app.tsx', "document.body.insertAdjacentHTML('afterend', '');", /insertAdjacentHTML/],
  ['document.write', 'src/lab/app.tsx', "document.write('');", /write/],
  ['new Function', 'src/ops/tensor.ts', "export const f = new Function('');", /new Function/],
  ['eval', 'src/ops/tensor.ts', "eval('1');", /eval/],
];

for (const [rule, path, text, problem] of bad) {
  test(`found: ${rule}`, () => {
    const found = violations(new Map([...good, [path, text]]));
    expect(found.find((sentence) => problem.test(sentence)), found.join('\n')).toContain(`${path}: `);
  });
}
