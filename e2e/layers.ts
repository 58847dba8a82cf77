// The architecture's rules as a function of the sources: e2e/unit/layers.spec.ts holds it against the tree and against bad examples.
import { posix } from 'node:path';
import { parseSync, Visitor } from 'vite';
import { ops } from '../src/ops/index.ts';

/** Lowest first. A file imports its own layer or a lower one. */
const layers: readonly (readonly string[])[] = [
  ['src/errors.ts', 'src/version.ts'], ['shaders'], ['src/gpu'], ['src/ops'], ['src/program'], ['src/data', 'src/io'], ['src/nn'],
  ['src/reference'], ['src/proof'], ['src/check'], ['src/mutation'], ['src/index.ts', 'src/kernels.ts'], ['src/gradcheck.ts'], ['examples'], ['src/lab'],
];
const aliases: Readonly<Record<string, string>> = { chainrule: 'src/index.ts', 'chainrule/gradcheck': 'src/gradcheck.ts', 'chainrule/kernels': 'src/kernels.ts' };
const workerMay = new Set(['src/ops/tensor.ts', 'src/program/poison.ts']);
const proofFolders = ['src/reference/', 'src/proof/', 'src/check/', 'src/mutation/'];
const longest = 400;
// An example is read in one go, and shows nothing that a user of the library could not write.
const longestExample = 60;
const exampleMay = /^(chainrule|chainrule\/gradcheck|papaparse|\.\/[a-z-]+\.ts)$/;
// Code that serves every op must not compare with the name of one: what differs belongs into the op's own record.
const shared = /^src\/(gpu|program|check|reference|mutation)\//;
const opNames = new Set(Object.keys(ops));
// Text that becomes markup or code is how a file name or a cell of a table would run as a script.
const banned = /^(innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|eval|Function)$/;

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

interface Facts {
  readonly imports: readonly Import[];
  readonly gpuNames: readonly string[];
  readonly banned: readonly string[];
  readonly opsNamed: readonly string[];
}

function read(path: string, text: string): Facts {
  const imports: Import[] = [];
  const gpuNames: string[] = [];
  const found: string[] = [];
  const add = (source: unknown, typeOnly: boolean): void => {
    const value = (source as { value?: unknown } | null)?.value;
    if (typeof value === 'string') imports.push({ from: value, typeOnly });
  };
  const named = (name: string): void => {
    if (/^GPU[A-Z]/.test(name)) gpuNames.push(name);
  };
  const opsNamed: string[] = [];
  const compared = (node: unknown): void => {
    const { type, value } = node as { type?: string; value?: unknown };
    if (type === 'Literal' && typeof value === 'string' && opNames.has(value)) opsNamed.push(value);
  };
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: needs to parse, got ${errors[0].message}.`);
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.importKind === 'type'),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(node.source, false),
    TSImportType: (node) => add(node.source, true),
    // new URL('./worker.ts', import.meta.url): how a worker is named.
    NewExpression: (node) => {
      if (node.callee.type === 'Identifier' && node.callee.name === 'URL' && node.arguments.length === 2) {
        const [first] = node.arguments;
        if (first.type === 'Literal' && /^\.\.?\/.*\.tsx?$/.test(String(first.value))) add(first, false);
      }
      if (node.callee.type === 'Identifier' && banned.test(node.callee.name)) found.push(`new ${node.callee.name}`);
    },
    CallExpression: (node) => {
      if (node.callee.type === 'Identifier' && banned.test(node.callee.name)) found.push(`${node.callee.name}(`);
    },
    MemberExpression: (node) => {
      if (node.property.type !== 'Identifier') return;
      const owner = node.object.type === 'Identifier' ? node.object.name : '';
      if (owner === 'navigator' && node.property.name === 'gpu') gpuNames.push('navigator.gpu');
      if (banned.test(node.property.name) || (owner === 'document' && /^write(ln)?$/.test(node.property.name))) found.push(node.property.name);
    },
    JSXAttribute: (node) => {
      if (node.name.type === 'JSXIdentifier' && banned.test(node.name.name)) found.push(node.name.name);
    },
    BinaryExpression: (node) => {
      if (/^[!=]==?$/.test(node.operator)) [node.left, node.right].forEach(compared);
    },
    SwitchCase: (node) => compared(node.test ?? {}),
    Identifier: (node) => named(node.name),
  }).visit(program);
  return { imports, gpuNames, banned: found, opsNamed };
}

/** The path of an import from the root, or undefined for a package. */
function resolve(path: string, from: string): string | undefined {
  return from.startsWith('.') ? posix.join(posix.dirname(path), from) : aliases[from];
}

function layerOf(path: string): number {
  return layers.findIndex((names) => names.some((name) => path === name || path.startsWith(`${name}/`)));
}

/** Every file that `start` loads when it runs, itself included. */
function reach(start: string, edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set([start]);
  for (const path of seen) for (const next of edges.get(path) ?? []) seen.add(next);
  return seen;
}

function importProblem(path: string, { from, typeOnly }: Import): string | undefined {
  const target = resolve(path, from);
  if (path.startsWith('src/cli/')) {
    return target && !target.startsWith('src/cli/') ? `a command runs on plain Node and imports ${target}` : undefined;
  }
  if (path.startsWith('examples/')) return exampleMay.test(from) ? undefined : `imports ${from}: an example uses chainrule, chainrule/gradcheck, papaparse and its neighbours`;
  if (target === undefined) {
    const allowed = path.startsWith('src/lab/') || (path.startsWith('shaders/') && from.startsWith('wgsl-preprocessor/'));
    return allowed ? undefined : `imports the package ${from}: the library has no dependency besides the shaders' preprocessor`;
  }
  if (layerOf(target) < 0) return `imports ${target}, which is in no layer`;
  if (layerOf(target) > layerOf(path)) return `imports ${target} from a higher layer`;
  const plainTensor = typeOnly && target === 'src/ops/tensor.ts';
  if (path.startsWith('src/reference/') && /^(src\/(gpu|ops)|shaders)\//.test(target) && !plainTensor) {
    return `imports ${target}: the reference must not share code with what it checks`;
  }
  return undefined;
}

/** All broken rules in these files (path from the root -> text), one sentence each. */
export function violations(files: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const edges = new Map<string, string[]>();
  for (const [path, text] of files) {
    const lines = text.split('\n').length - 1;
    if (lines > longest) problems.push(`${path}: has ${lines} lines, more than ${longest}`);
    if (path.startsWith('examples/') && lines > longestExample) problems.push(`${path}: has ${lines} lines, more than ${longestExample}`);
    if (!/^(src|shaders|examples)\//.test(path)) continue;
    if (!path.startsWith('src/cli/') && layerOf(path) < 0) problems.push(`${path}: is in no layer`);
    const facts = read(path, text);
    for (const entry of facts.imports) {
      const problem = importProblem(path, entry);
      if (problem) problems.push(`${path}: ${problem}`);
      const target = resolve(path, entry.from);
      if (target && !files.has(target)) problems.push(`${path}: imports ${target}, which does not exist`);
    }
    // Types vanish before anything runs, so only the other imports make a cycle or reach something.
    edges.set(path, facts.imports.filter(({ typeOnly }) => !typeOnly).flatMap(({ from }) => resolve(path, from) ?? []));
    // Commands are no part of the library: verify counts its calls from outside.
    if (!/^src\/(gpu|cli)\//.test(path) && facts.gpuNames.length > 0) problems.push(`${path}: names ${facts.gpuNames[0]}, which only src/gpu may`);
    if (shared.test(path) && facts.opsNamed.length > 0) problems.push(`${path}: asks whether it holds the op ${facts.opsNamed[0]}`);
    if (facts.banned.length > 0) problems.push(`${path}: uses ${facts.banned[0]}`);
  }
  for (const [path, targets] of edges) {
    if (targets.some((target) => reach(target, edges).has(path))) problems.push(`${path}: is in an import cycle`);
  }
  for (const path of reach('src/index.ts', edges)) {
    if (proofFolders.some((folder) => path.startsWith(folder))) problems.push(`src/index.ts: reaches ${path}, which belongs to the proof`);
  }
  // What the checker's worker loads is paid for by every check: plain definitions of tensors and bits, and nothing that runs on a GPU.
  for (const path of reach('src/check/worker.ts', edges)) {
    if (/^(shaders|src\/(gpu|ops|program|nn))\//.test(path) && !workerMay.has(path)) problems.push(`src/check/worker.ts: reaches ${path}, which the worker has no use for`);
  }
  return problems;
}
