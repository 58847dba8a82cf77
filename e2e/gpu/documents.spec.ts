import { rmSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { documentBlocks, expectedOutput, fileOf, missingOutput, writeBlocks } from '../documents.ts';
import { expect, test } from '../harness.ts';

test('blocks of the documents that use chainrule run and print what they say', async ({ run }) => {
  const blocks = documentBlocks().filter(({ tag, text }) => tag === 'ts' && /from 'chainrule(\/gradcheck|\/kernels)?'/.test(text));
  expect(blocks.length, 'blocks that use chainrule').toBeGreaterThan(0);
  const folder = writeBlocks(blocks, `documents-run-${process.pid}`);
  for (const block of blocks) {
    const printed = await run(async (lib, path: `/${string}`) => {
      const lines: string[] = [];
      const log = console.log;
      // As a reader's console would show it: text as it is, the rest as JSON, typed arrays like arrays.
      console.log = (...values) => lines.push(values.map((value) => typeof value === 'string' ? value
        : JSON.stringify(ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value) ?? String(value)).join(' '));
      try {
        await lib.load(path);
      } finally {
        console.log = log;
      }
      return lines;
    }, `/${folder}/${fileOf(block)}` as const);
    const missing = missingOutput(expectedOutput(block), printed);
    expect(missing, `${block.place} should print this line, but printed:\n${printed.join('\n')}`).toBeUndefined();
  }
  rmSync(fileURLToPath(new URL(`../../${folder}`, import.meta.url)), { recursive: true });
});
