// Rules for the text of kernels (N1, N5, N16, N18 and the house's form), as a function of the text.

/** WGSL's reserved words (https://www.w3.org/TR/WGSL/#reserved-words) that a generated name could hit. */
const RESERVED = new Set(`NULL Self abstract active alignas as asm async attribute auto await become cast catch class common concept
  constinit const_cast covariant default delete do dynamic_cast enum explicit export extends extern external final finally friend
  from fxgroup get goto groupshared handle highp impl implements import inline instanceof interface layout lowp macro match mediump
  meta mod module move mut mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent null nullptr of
  operator package packoffset partition pass patch pixelfragment precise precision premerge priv protected pub public readonly ref
  regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm static std subroutine super
  target template this throw trait try type typedef typeid typename typeof union unless unorm unsafe unsized use using varying
  virtual volatile wgsl where with writeonly yield`.split(/\s+/));

const LONGEST = 160;

/** The body of a function by name, without its braces. */
function bodyOf(text: string, name: string): string {
  const start = text.indexOf('{', text.indexOf(`fn ${name}(`));
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return text.slice(start + 1, at);
  }
  return '';
}

/** Whether the statement at `at` stands behind a comparison: an early return before it, or a condition around it. */
function isGuarded(body: string, at: number): boolean {
  const before = body.slice(0, at);
  // What such a name stands for is a comparison.
  const bounds = new Set([...before.matchAll(/let (is\w+) = [^;]*</g)].map(([, name]) => name!));
  if (/if \([^\n]*>= \d+u\) \{\s*return;\s*\}/.test(before)) return true;
  const open: string[] = [];
  for (const [text] of before.matchAll(/(?:if|for) \([^\n]*\) \{|\} else \{|\{|\}/g)) {
    if (text.startsWith('}')) open.pop();
    if (text !== '}') open.push(text);
  }
  return open.some((text) => text.startsWith('if ') && (/<|==/.test(text) || bounds.has(/^if \((\w+)\)/.exec(text)?.[1] ?? '')));
}

/** Every broken rule, one sentence each. */
export function lint(text: string): string[] {
  const problems: string[] = [];
  const code = text.replace(/\/\/.*$/gm, '');
  if (!text.startsWith('// ')) problems.push('has no formula on top');
  if (/\n\n\n|\{\n\n|\n\n\s*\}/.test(text)) problems.push('has a blank line too many');
  if (!text.endsWith('}\n') || /[ \t]$/m.test(text)) problems.push('ends badly, or a line ends in blanks');
  let depth = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.length > LONGEST) problems.push(`line ${index + 1} is longer than ${LONGEST} characters`);
    const closers = /^\s*[})]/.test(line) ? 1 : 0;
    const spaces = line.length - line.trimStart().length;
    const continues = /^\s*[+*-] /.test(line);
    if (line.trim() !== '' && spaces !== 2 * (depth - closers) + (continues ? 2 : 0)) problems.push(`line ${index + 1} is not indented by ${2 * (depth - closers)}`);
    const bare = line.replace(/\/\/.*$/, '');
    // Brackets that a continued formula leaves open are its own; a call that ends its line with one indents the next lines.
    const opened = /[{(]$/.test(bare) ? 1 : 0;
    depth += opened - closers;
  }
  for (const [, left, right] of code.matchAll(/([\w.[\]]+) [!=]= ([\w.[\]]+)/g)) if (left === right) problems.push(`compares ${left} with itself: use the bits`);
  if (/\bpow\s*\(/.test(code)) problems.push('calls pow');
  const wrong = /\b(NaN|Infinity|undefined|null|true_|false_)\b/.exec(code);
  if (wrong) problems.push(`prints ${wrong[0]}`);
  for (const [, name] of code.matchAll(/\b(?:let|var|const|fn|struct|alias)(?:<[^>]*>)? (\w+)/g)) if (RESERVED.has(name!)) problems.push(`uses the reserved word ${name}`);
  for (const [, name] of code.matchAll(/(\w+): [\w<>, ]+[,)]/g)) if (RESERVED.has(name!)) problems.push(`uses the reserved word ${name}`);
  const main = bodyOf(code, 'main');
  const barrier = main.search(/(?:workgroup|storage)Barrier\(/);
  if (barrier >= 0 && /\breturn\b/.test(main.slice(0, main.lastIndexOf('Barrier(')))) problems.push('returns before a barrier');
  const stored = [...code.matchAll(/var<storage, read_write> (\w+)/g)].map(([, name]) => name!);
  for (const name of stored) {
    const stores = [...main.matchAll(new RegExp(`\\b(?:store_)?${name}(?:\\[[^=;]*\\] [+*-]?= |\\()|atomicAdd\\(&${name}\\b`, 'g'))];
    for (const { index } of stores) if (!isGuarded(main, index)) problems.push(`has a store that nothing guards: ${main.slice(index, index + 40).split('\n')[0]}`);
    if (!new RegExp(`\\b${name}\\[[^=;]*\\] [+*-]?= |atomicAdd\\(&${name}\\b`).test(code)) problems.push(`never writes ${name}`);
  }
  if (stored.length === 0) problems.push('writes nothing');
  return problems;
}
