import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'playwright/test';
import { float, lines, plus, times, wgsl } from '../../shaders/wgsl.ts';
import { lint } from '../wgsl-lint.ts';

test('the tag takes text and integers, and drops the lines of directives', () => {
  const text = (wide: boolean, deep: boolean): string => wgsl`
let a = ${4}u;
#if ${wide}
let b = ${'a * 2u'};
#elif ${deep}
let b = 1u;
#else
let b = 0u;
#endif

let c = b;
`;
  expect(text(true, false)).toBe('let a = 4u;\nlet b = a * 2u;\n\nlet c = b;\n');
  expect(text(false, true)).toBe('let a = 4u;\nlet b = 1u;\n\nlet c = b;\n');
  expect(text(false, false)).toBe('let a = 4u;\nlet b = 0u;\n\nlet c = b;\n');
  const nested = (outer: boolean, inner: boolean): string => wgsl`
{
#if ${outer}
  a();
#if ${inner}
  b();
#endif
#endif
}
`;
  expect(nested(true, true)).toBe('{\n  a();\n  b();\n}\n');
  expect(nested(true, false)).toBe('{\n  a();\n}\n');
  expect(nested(false, true)).toBe('{\n}\n');
});

test('the tag refuses what would be printed wrongly', () => {
  const hole = (value: unknown): (() => string) => () => wgsl`let a = ${value as number};`;
  for (const bad of [undefined, null, NaN, Infinity, -1, 1.5, 2 ** 53, true, {}, [1], 3n]) expect(hole(bad), String(bad)).toThrow(/wgsl: needs text or a non-negative integer in a hole, got/);
  expect(hole(0)()).toBe('let a = 0;');
  const condition = (value: unknown): (() => string) => () => wgsl`
#if ${value as boolean}
let a = 1;
#endif`;
  for (const bad of ['false', '', 0, 1, undefined, null]) expect(condition(bad), String(bad)).toThrow(/wgsl: needs a boolean after #if and #elif, got/);
  expect(condition(false)()).toBe('');
});

test('float prints an f32 literal', () => {
  expect([0, 1, 0.1, -2, -0, 1e21, 1e-8, -1.5e-7, 123456789].map(float))
    .toEqual(['0.0f', '1.0f', '0.1f', '(-2.0f)', '(-0.0f)', '1e+21f', '1e-8f', '(-1.5e-7f)', '123456789.0f']);
  for (const bad of [NaN, Infinity, -Infinity, 3.5e38, -3.5e38]) expect(() => float(bad), String(bad)).toThrow(/float: needs a finite f32/);
  expect(float(3.4028234663852886e38)).toBe('3.4028234663852886e+38f');
});

test('sums and products leave out what changes nothing', () => {
  expect([plus('k', 0), plus('k', 2), times('k', 1), times('k', 4), times('k + 1u', 4), times('k + 1u', 1)])
    .toEqual(['k', 'k + 2u', 'k', 'k * 4u', '(k + 1u) * 4u', 'k + 1u']);
  expect(lines(3, (i) => `a${i};`)).toBe('a0;\n  a1;\n  a2;');
});

const folder = fileURLToPath(new URL('../golden/', import.meta.url));

test('no golden kernel breaks a rule', () => {
  const files = readdirSync(folder);
  expect(files.length).toBeGreaterThan(60);
  expect(files.flatMap((file) => lint(readFileSync(`${folder}${file}`, 'utf8')).map((problem) => `${file} ${problem}`))).toEqual([]);
});

test('the lint sees each mistake', () => {
  const main = (body: string, before = ''): string =>
    `// out = x\n\n@group(0) @binding(0) var<storage, read_write> out: array<f32, 4>;\n${before}\n@compute @workgroup_size(64)\nfn main(@builtin(global_invocation_id) id: vec3u) {\n  let lane = id.x;\n${body}\n}\n`;
  const guarded = '  if (lane >= 4u) {\n    return;\n  }\n';
  expect(lint(main(`${guarded}  out[lane] = 1.0;`))).toEqual([]);
  const bad: [RegExp, string][] = [
    [/compares x with itself/, main(`${guarded}  let y = select(0.0, 1.0, x != x);\n  out[lane] = y;`)],
    [/compares x\[0\] with itself/, main(`${guarded}  let y = x[0] == x[0];\n  out[lane] = 1.0;`)],
    [/calls pow/, main(`${guarded}  out[lane] = pow(2.0, 3.0);`)],
    [/reserved word target/, main(`${guarded}  let target = 1.0;\n  out[lane] = target;`)],
    [/store that nothing guards/, main('  out[lane] = 1.0;')],
    [/returns before a barrier/, main(`${guarded}  workgroupBarrier();\n  out[lane] = 1.0;`)],
    [/blank line/, main(`${guarded}\n\n\n  out[lane] = 1.0;`)],
    [/no formula/, main(`${guarded}  out[lane] = 1.0;`).replace('// out = x\n\n', '')],
    [/indented/, main(`${guarded}   out[lane] = 1.0;`)],
    [/longer than/, main(`${guarded}  out[lane] = ${'1.0 + '.repeat(30)}1.0;`)],
    [/prints NaN/, main(`${guarded}  out[lane] = NaN;`)],
  ];
  for (const [problem, text] of bad) expect(lint(text).join('; '), String(problem)).toMatch(problem);
});
