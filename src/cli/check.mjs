// npm run check: runs one problem of a report again and says whether its gradients are right.
import { askPage } from './ask-page.mjs';
import { CommandError, readOptions, runIfStarted } from './command.mjs';

/** @typedef {import('../lab/check.ts').CheckRequest} CheckRequest */
/** @typedef {import('../lab/check.ts').CheckAnswer} CheckAnswer */

const help = `npm run check -- '<problem>' [options]
Runs one op on seeded numbers in a headless browser and proves its output and gradients, or says what is wrong and looks for
the smallest sizes that still fail. Reports of failures name the problem:

  npm run check -- 'matmul m=3 k=17 n=5 transposeA=1 seed=7 variants=matmul:tiled'

A problem is an op, its sizes (those left out are as small as can be) and optionally seed=1, variants=family:variant,…,
adapterClass=gpu|cpu, fusion=0|1 and cotangent=ones|random. The exit code is 0 where all is proven, 1 where it is not, and 2
for a line that names no problem.

  --plant 'op: bug'  plants a bug that the op's proof ships, to see it fail: 'relu: the mask dropped'
  --json             print only the report as JSON (schema chainrule/op-report/1). npm itself prints two lines before it;
                     'npm run --silent check -- … --json' and 'node src/cli/check.mjs … --json' do not.
  --help             this text

CHROME_PATH names the browser, CHAINRULE_ADAPTER=gpu|swiftshader the kind of adapter.`;

/** Milliseconds for one problem with all the smaller ones. */
const patience = 5 * 60_000;

/** @param {CheckRequest} request @param {(line: string) => void} say @returns {Promise<CheckAnswer>} */
const check = (request, say) => askPage({ command: 'npm run check', name: 'check', global: 'chainruleCheck', patience }, request, say);

/** The problem and the options, in any order. @param {readonly string[]} args */
export function readRequest(args) {
  const takesValue = (/** @type {string | undefined} */ arg) => arg === '--plant';
  const lines = args.filter((arg, index) => !arg.startsWith('--') && !takesValue(args[index - 1]));
  const options = readOptions('npm run check', { plant: { type: 'value' }, json: { type: 'flag' }, help: { type: 'flag' } }, args.filter((arg) => !lines.includes(arg)));
  if (!options.help && lines.length !== 1) {
    throw new CommandError(`npm run check: needs one problem in quotes, got ${lines.length}. npm run check -- --help shows one.`, 2);
  }
  const plant = typeof options.plant === 'string' ? { plant: options.plant } : {};
  return { json: options.json === true, help: options.help === true, request: { line: lines[0] ?? '', ...plant } };
}

await runIfStarted(import.meta.url, async (args) => {
  const { json, help: asked, request } = readRequest(args);
  if (asked) {
    console.log(help);
    return 0;
  }
  // What runs alongside goes to stderr, so that stdout is the report and nothing else.
  const answer = await check(request, (line) => console.error(line));
  if (answer.kind === 'refused') throw new CommandError(`npm run check: ${answer.message}`, 2);
  console.log(json ? JSON.stringify(answer.json, null, 2) : answer.text);
  return answer.passed ? 0 : 1;
});
