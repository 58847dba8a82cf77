import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '../harness.ts';

const folder = fileURLToPath(new URL('../golden/', import.meta.url));
const files = readdirSync(folder).filter((file) => file.endsWith('.wgsl'));

test('every golden kernel compiles without a message', async ({ run }) => {
  const golden = files.map((file) => ({ file, code: readFileSync(`${folder}${file}`, 'utf8') }));
  expect(golden.length).toBeGreaterThan(60);
  const results = await run(async (_lib, golden) => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter!.requestDevice();
    const results = await Promise.all(golden.map(async ({ file, code }) => {
      const module = device.createShaderModule({ label: file, code });
      const { messages } = await module.getCompilationInfo();
      return { file, messages: messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`) };
    }));
    device.destroy();
    return results;
  }, golden);
  expect(results).toHaveLength(golden.length);
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
