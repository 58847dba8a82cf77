// The documents' tables of ops, made from the registry, the proofs and the measured errors: nobody keeps them by hand.
import type { PrecisionFile } from './precision.ts';
import { libraryOps } from '../src/ops/index.ts';
import type { LibraryOp, OpGroup } from '../src/ops/op.ts';
import { planGraph } from '../src/program/run-graph.ts';
import { opRun } from '../src/program/run-op.ts';
import { proofs } from '../src/proof/index.ts';

/** Every group with its title, in the order of the tables. */
const TITLES: Readonly<Record<OpGroup, string>> = {
  'linear algebra': 'Linear algebra', convolution: 'Convolution and pooling', normalisation: 'Normalisation', sequence: 'Sequences and attention', activation: 'Activations',
  elementwise: 'Elementwise', comparison: 'Comparison', reduction: 'Reductions', shape: 'Shape', index: 'Indices', regularisation: 'Regularisation', loss: 'Losses',
};

/** What the tables say of one op. */
export interface OpRow {
  readonly op: LibraryOp;
  readonly conventions: readonly string[];
  /** Names of kernels with the variants of each: what its samples launch, with each variant forced. */
  readonly kernels: ReadonlyMap<string, readonly string[]>;
  /** The largest error of its kernels, in standard deviations, and whose it is. Undefined where none is measured yet. */
  readonly worst?: { readonly sigma: number; readonly kernel: string } | undefined;
  readonly samples: number;
  readonly bugs: number;
}

/** The names of all kernels that an op's samples launch. */
function kernelsOf({ name, families = [] }: LibraryOp): string[] {
  const choices = [{}, ...families.flatMap((family) => family.variants.map((variant) => ({ [family.name]: variant.name })))];
  return [...new Set(choices.flatMap((variants) => proofs[name]!.samples.flatMap(({ inputs, options }) =>
    planGraph(opRun(name, options, inputs, new Float32Array(0), { target: { variants } }), { adapterClass: 'cpu', maxBindings: 10, quads: true, subgroups: true, matrixUnits: [{ m: 8, n: 8, k: 8, type: 'f32', lanes: 32 }] }).launches.map(({ kernel }) => kernel.name))))];
}

/** `matmul-nn/small` and `matmul-nn/tiled` become matmul-nn: small, tiled. */
function byFamily(names: readonly string[]): Map<string, string[]> {
  const families = new Map<string, string[]>();
  for (const name of names) {
    const [family = '', ...variant] = name.split('/');
    families.set(family, [...families.get(family) ?? [], ...variant]);
  }
  return families;
}

export function rowOf(op: LibraryOp, precision: PrecisionFile): OpRow {
  const names = kernelsOf(op);
  const measured = names.flatMap((kernel) => Object.values(precision).flatMap((table) => (Object.hasOwn(table, kernel) ? [{ sigma: table[kernel]!.worstSigma, kernel }] : [])));
  const { conventions, samples, mutants } = proofs[op.name]!;
  return {
    op, kernels: byFamily(names), worst: measured.toSorted((a, b) => b.sigma - a.sigma)[0], conventions: conventions.map(({ name }) => name), samples: samples.length, bugs: mutants.length,
  };
}

/** All of them, in the order of the registry. */
export function opRows(precision: PrecisionFile): OpRow[] {
  return libraryOps.map((op) => rowOf(op, precision));
}

/** Text as it may stand in a cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${cell(text)}\``;

/** `conv2d(x, weight, bias?)`. */
function call({ name, inputs, optional = [] }: LibraryOp): string {
  return `${name}(${inputs.map((input) => (optional.includes(input) ? `${input}?` : input)).join(', ')})`;
}

function tableRow({ op, conventions, kernels, worst, samples, bugs }: OpRow): string {
  const says = [code(op.formula), ...(op.notes ? [cell(op.notes)] : []), ...(conventions.length > 0 ? [`Asserted: ${cell(conventions.join('; '))}.`] : [])];
  const launched = [...kernels].map(([family, variants]) => code(family) + (variants.length > 0 ? `: ${variants.join(', ')}` : ''));
  const options = op.options?.length ? `<br>${op.options.map(code).join(', ')}` : '';
  return `| ${code(call(op))}${options} | ${says.join('<br>')} | ${launched.join('<br>')} | ${worst ? `${worst.sigma} (${code(worst.kernel)})` : '–'} | ${samples} | ${bugs} |`;
}

/** docs/ops.md. */
export function opsDocument(rows: readonly OpRow[], precision: PrecisionFile): string {
  const total = (count: (row: OpRow) => number): number => rows.reduce((sum, row) => sum + count(row), 0);
  const sections = Object.entries(TITLES).flatMap(([group, title]) => [
    `## ${title}`, '', '| op, options | formula and conventions | kernels: variants | worst σ | samples | bugs |', '|---|---|---|---|---:|---:|',
    ...rows.filter(({ op }) => op.group === group).map(tableRow), '',
  ]);
  return [
    '# Ops', '', '<!-- Written by UPDATE_DOCUMENTS=1 npm test -- -g "tables of ops"; a test compares the two. -->', '',
    `${rows.length} ops, ${total(({ samples }) => samples)} samples, ${total(({ bugs }) => bugs)} planted bugs. Each op has a hand-written backward and a float64 reference that shares no code with it;`,
    'its samples run with every variant of its kernels, and must find every one of the bugs (`npm run mutate`).', '',
    '- An input with a question mark may be left out. Shapes are in the docstrings of the functions (`src/nn/functional`) and layers (`src/nn/layers`).',
    '- *Asserted* are points whose gradient is a convention that no difference can see; they are PyTorch\'s.',
    '- *Kernels* are all that an op launches, forward and backward: a variant is chosen by size and kind of adapter, and tests force each.',
    '  A chain of elementwise steps is one kernel (`mul+scale`), and in a net it becomes part of the kernel before or after it.',
    `- *Worst σ* is the largest |GPU − reference| of any of these kernels over all samples of all ops, in standard deviations of correct float32 code; 4 fails. Measured on: ${Object.keys(precision).join('; ')}.`, '',
    ...sections,
  ].join('\n').trimEnd() + '\n';
}

export const BEGIN = '<!-- table of ops: written by UPDATE_DOCUMENTS=1 npm test -- -g "tables of ops" -->';
export const END = '<!-- end of the table of ops -->';

/** The table of README: a line for each group. */
export function readmeTable(rows: readonly OpRow[]): string {
  const lines = Object.entries(TITLES).map(([group, title]) => {
    const own = rows.filter(({ op }) => op.group === group);
    const sigmas = own.flatMap(({ worst }) => worst?.sigma ?? []);
    return `| ${title} | ${own.map(({ op }) => code(op.name)).join(', ')} | ${sigmas.length > 0 ? Math.max(...sigmas) : '–'} |`;
  });
  return ['| | Ops | worst σ |', '|---|---|---|', ...lines].join('\n');
}

/** A document with what stands between the two marks replaced. Throws where it has no marks. */
export function withTable(document: string, table: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md: needs the lines ${BEGIN} and ${END}, in this order.`);
  return `${document.slice(0, begin + BEGIN.length)}\n${table}\n${document.slice(end)}`;
}
