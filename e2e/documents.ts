// The code blocks of the documents, for the tests that check and run them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const names = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/own-op.md', 'docs/train.md'];

export interface Block {
  /** `README.md:12`, the line where the block starts. */
  readonly place: string;
  /** The words after the fence: `ts`, `ts fragment`, `sh`. */
  readonly tag: string;
  readonly text: string;
}

/** The fenced blocks of a Markdown text. A block without a tag, or one that never ends, is an error: nothing would check it. */
export function blocksOf(name: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { indent: string; fence: string; tag: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, indent = '', fence = '', tag = ''] = /^(\s*)(`{3,})(.*)$/.exec(line) ?? [];
    if (!open && fence) {
      if (!tag.trim()) throw new Error(`${name}:${index + 1}: needs a language after the fence, got none. Write text where it is none.`);
      open = { indent, fence, tag: tag.trim(), line: index + 1, lines: [] };
    } else if (open && fence.length >= open.fence.length && !tag.trim()) {
      blocks.push({ place: `${name}:${open.line}`, tag: open.tag, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else if (open) {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    }
  }
  if (open) throw new Error(`${name}:${open.line}: needs an end of the block, got none.`);
  return blocks;
}

/** The blocks of all documents. */
export function documentBlocks(): Block[] {
  return names.flatMap((name) => blocksOf(name, readFileSync(`${root}/${name}`, 'utf8')));
}

/** The file that a block is written to, so that an error names its document and line: `README-12.ts`. */
export function fileOf(block: Block): string {
  return `${block.place.replace('.md:', '-').replaceAll('/', '-')}.${block.tag.split(' ')[0]}`;
}

/** Writes blocks into an empty folder under .cache, from which `chainrule` resolves as it does for the page. Returns its path from the root. */
export function writeBlocks(blocks: readonly Block[], folder: string): string {
  const path = `.cache/${folder}`;
  rmSync(`${root}/${path}`, { recursive: true, force: true });
  mkdirSync(`${root}/${path}`, { recursive: true });
  // `export {}` makes a module of a block without imports: blocks must not share their names.
  for (const block of blocks) writeFileSync(`${root}/${path}/${fileOf(block)}`, `${block.text}export {};\n`);
  return path;
}

/** What the block says that it prints: the text after `// →` on lines that log, in order. */
export function expectedOutput(block: Block): string[] {
  return block.text.split('\n').flatMap((line) => /console\.log\(.*\/\/ → (.*)$/.exec(line)?.[1].trim() ?? []);
}

/** Whether a printed line is the expected one, in which `…` stands for any text. */
export function fits(expected: string, printed: string): boolean {
  const pattern = expected.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return new RegExp(`^${pattern}$`, 's').test(printed);
}

/** The first expected line that was not printed after the ones before it, or undefined. */
export function missingOutput(expected: readonly string[], printed: readonly string[]): string | undefined {
  let next = 0;
  for (const line of printed) if (next < expected.length && fits(expected[next], line)) next++;
  return expected[next];
}
