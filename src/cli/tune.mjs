// npm run tune: lets kernels compete on this machine's adapter, and writes the table of what beat the rules.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askPage } from './ask-page.mjs';
import { readOptions, root, runIfStarted } from './command.mjs';

/** @typedef {import('../lab/tune.ts').TuneAnswer} TuneAnswer */

const help = `npm run tune [-- options]
Compiles common nets with every kernel that could do each product, holds each against the simplest, measures those that are right, and
prints where one beats the choice of the written rules. With --write what it found becomes the library's table for this adapter,
src/nn/tuning/table.ts: what compile({ tune }) takes without measuring.

  --write       replaces this adapter's part of the table
  --budget ms   for each piece of work (default 400)
  --gain part   by how much a kernel must be faster, of the rule's time (default 0.1)
  --json        print only the result as JSON
  --help        this text

CHROME_PATH names the browser, CHAINRULE_ADAPTER=gpu|swiftshader the kind of adapter.`;

/** Milliseconds for everything. */
const patience = 15 * 60_000;
const file = join(root, 'src/nn/tuning/table.ts');

/** Of each class of work the variant that was faster wherever it was measured. @param {TuneAnswer['work']} work @returns {Record<string, string>} */
export function winners(work) {
  /** @type {Map<string, Set<string>>} */
  const chosen = new Map();
  for (const one of work) chosen.set(one.sizeClass, (chosen.get(one.sizeClass) ?? new Set()).add(one.by === 'measured' ? one.chosen : 'rule'));
  return Object.fromEntries([...chosen].flatMap(([name, variants]) => {
    const [only] = variants;
    return variants.size === 1 && only !== undefined && only !== 'rule' ? [[name, only]] : [];
  }));
}

/** The table's text. @param {readonly string[]} measured @param {Readonly<Record<string, Readonly<Record<string, string>>>>} table */
export function tableText(measured, table) {
  const quoted = (/** @type {string} */ text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const adapters = Object.entries(table).map(([adapter, entries]) => `  ${quoted(adapter)}: {\n${Object.entries(entries).map(([name, variant]) => `    ${quoted(name)}: ${quoted(variant)},\n`).join('')}  },\n`);
  return `// Written by npm run tune -- --write. Do not edit.

/** What was measured, where and when. */
export const MEASURED: readonly string[] = [${measured.length > 0 ? `\n${measured.map((line) => `  ${quoted(line)},\n`).join('')}` : ''}];

/** Variants that beat the rules' choice, by adapter and by class of work (\`sizeClass\`). */
export const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {${adapters.length > 0 ? `\n${adapters.join('')}` : ''}};
`;
}

await runIfStarted(import.meta.url, async (args) => {
  const options = readOptions('npm run tune', { write: { type: 'flag' }, json: { type: 'flag' }, help: { type: 'flag' }, budget: { type: 'value', check: (text) => (Number(text) > 0 ? undefined : 'milliseconds > 0') }, gain: { type: 'value', check: (text) => (Number(text) >= 0 && Number(text) < 1 ? undefined : 'a part in [0, 1)') } }, args);
  if (options.help) {
    console.log(help);
    return 0;
  }
  const [budget, minimumGain] = [Number(options.budget ?? 400), Number(options.gain ?? 0.1)];
  /** @type {TuneAnswer} */
  const answer = await askPage({ command: 'npm run tune', name: 'tune', global: 'chainruleTune', patience }, { budget, minimumGain }, (line) => console.error(line));
  if (options.json) console.log(JSON.stringify(answer, null, 2));
  else {
    console.log(`${answer.name}, ${answer.browser}: ${answer.work.length} pieces of work`);
    for (const { net, label, rule, chosen, variants } of answer.work.filter(({ by }) => by === 'measured')) {
      const time = (/** @type {string} */ name) => variants.find(({ variant }) => variant === name)?.milliseconds?.toPrecision(3) ?? '-';
      console.log(`${net}, ${label}: ${chosen} ${time(chosen)} ms, ${rule} ${time(rule)} ms`);
    }
    for (const { net, label, variants } of answer.work) for (const { variant, refused } of variants) if (refused) console.log(`${net}, ${label}: ${variant} is refused: ${refused}`);
  }
  if (options.write) {
    const { MEASURED, TABLE } = /** @type {{ MEASURED: string[], TABLE: Record<string, Record<string, string>> }} */ (await readTable());
    const line = `${answer.name}, ${answer.browser}, ${new Date().toISOString().slice(0, 10)}`;
    writeFileSync(file, tableText([...MEASURED.filter((other) => !other.startsWith(`${answer.name},`)), line], { ...TABLE, [answer.adapter]: winners(answer.work) }));
  }
  return 0;
});

/** The table as it is: its text without types is JavaScript. */
async function readTable() {
  const text = readFileSync(file, 'utf8').replaceAll(/(MEASURED|TABLE): [^=]+=/g, '$1 =');
  return import(`data:text/javascript,${encodeURIComponent(text)}`);
}
