import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '../harness.ts';

const folder = fileURLToPath(new URL('../golden/', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.wgsl'));

test('every golden kernel compiles without a message', async ({ run }) => {
  const golden = files.map((file) => ({ file, code: readFileSync(`${folder}${file}`, 'utf8') }));
  expect(golden.length).toBeGreaterThan(60);
  const { results, skipped } = await run(async (_lib, golden) => {
    const adapter = await navigator.gpu.requestAdapter();
    // What an adapter does not have no kernel of the library runs on it.
    const features = { subgroups: 'subgroups', f16: 'shader-f16' } as const;
    const names = (Object.keys(features) as (keyof typeof features)[]).filter((name) => adapter!.features.has(features[name]));
    const device = await adapter!.requestDevice({ requiredFeatures: names.map((name) => features[name]) });
    const known = golden.filter(({ code }) => (/\nenable (.*);/.exec(code)?.[1]?.split(', ') ?? []).every((name) => (names as string[]).includes(name)));
    const results = await Promise.all(known.map(async ({ file, code }) => {
      const module = device.createShaderModule({ label: file, code });
      const { messages } = await module.getCompilationInfo();
      return { file, messages: messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`) };
    }));
    device.destroy();
    return { results, skipped: golden.length - known.length };
  }, golden);
  expect(results.length + skipped).toBe(golden.length);
  expect(results.filter(({ messages }) => messages.length > 0)).toEqual([]);
});

test('a kernel with an error has a message', async ({ run, problems }) => {
  problems.allow(/ShaderModule|WGSL|let wrong/);
  const count = await run(async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter!.requestDevice();
    device.pushErrorScope('validation');
    const { messages } = await device.createShaderModule({ code: 'fn f() { let wrong: u32 = 1.5; }' }).getCompilationInfo();
    await device.popErrorScope();
    device.destroy();
    return messages.length;
  });
  expect(count).toBeGreaterThan(0);
});
