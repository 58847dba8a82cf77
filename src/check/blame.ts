import type { Shape } from '../ops/tensor.ts';
import type { Graph, Meaning, Snapshot } from '../program/graph.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { blameGradients } from './blame-gradients.ts';
import { dependents, keyOf, sourceOf, workBehind } from './dependence.ts';
import type { Findings } from './explain-case.ts';
import { isRightLocally } from './local.ts';
import { referenceOf } from './references.ts';
import type { Blame, LaunchOutputReport, LaunchReport } from './report-data.ts';
import { isWrong } from './verdict.ts';
import type { TensorReport } from './verdict.ts';
import { followsFrom, knownPreparations, likelyScales, preparationsOf } from './working-memory.ts';

/** The first wrong tensor: where it is, and what it stands for. */
export interface Culprit {
  readonly blame: Omit<Blame, 'problems'>;
  readonly meaning: Meaning;
  /** What the GPU left there. */
  readonly gpu: Float32Array;
  /** The nodes whose work it shows. */
  readonly work: readonly number[];
  /** The place of the launch that wrote it, where one did. */
  readonly launch?: number;
  /** The node that it comes from, where it is one. */
  readonly node?: number;
  /** Working memory that is wrong and that it is made from, where that is known. */
  readonly memory?: { readonly name: string; readonly gpu: Float32Array; readonly shape: Shape; readonly reference: RefTensor };
}

interface Wrong {
  readonly launch: number;
  readonly output: LaunchOutputReport;
}

/**
 * Names the launch that made the first wrong tensor. Launches stand in a topological order, so the first wrong tensor has
 * no earlier cause among those that came to memory. `tensors` and `values` are judged as they stood after the whole run.
 */
export function findCulprit(
  findings: Findings, launches: readonly LaunchReport[], tensors: readonly TensorReport[], values: readonly TensorReport[],
): Culprit | undefined {
  const { snapshot } = findings;
  const wrong: Wrong[] = launches.flatMap(({ outputs }, launch) => outputs.filter(isWrong).map((output) => ({ launch, output })));
  const [first, ...later] = wrong;
  if (!first) return leftBehind(snapshot, launches, tensors, values);
  const { meaning, name } = first.output;
  const { graph } = snapshot;
  const node = sourceOf(graph, meaning, launches[first.launch].label);
  const work = node === undefined ? [] : workBehind(graph, meaning, node, visible(snapshot));
  const maker = makerOf(findings, launches, first, node);
  const { label, kernel } = launches[maker.launch];
  const spoilt = dependents(graph, meaning);
  // A kernel that is wrong for all its launches makes tensors wrong that seem to depend on the first.
  const followed = ({ output }: Wrong): boolean => spoilt.has(keyOf(output.meaning)) && isRightLocally(findings, output.meaning, spoilt) !== false;
  // Several tensors of one launch are one mistake.
  const beside = later.filter((one) => one.launch === first.launch && !followed(one));
  const follows = later.filter(followed);
  const certain = follows.filter(({ output }) => isRightLocally(findings, output.meaning, spoilt) === true);
  const possible = follows.filter((one) => !certain.includes(one));
  const others = later.filter((one) => one.launch !== first.launch && !followed(one));
  const names = (list: readonly Wrong[]): string[] => list.map(({ output }) => output.name);
  const where = node === undefined ? '' : `${direction(meaning)} of ${describeNode(graph, node)}, `;
  const text = [
    `${[name, ...names(beside)].join(' and ')}: ${where}launch ${label}, kernel ${kernel}${workText(graph, meaning, work)}`,
    maker.text,
    certain.length > 0 ? `${list(names(certain))} ${certain.length > 1 ? 'follow' : 'follows'} from it` : '',
    possible.length > 0 ? `${list(names(possible))} may follow from it` : '',
    others.length > 0 ? `${list(others.map(({ output, launch }) => `${output.name} (launch ${launches[launch].label}, kernel ${launches[launch].kernel})`))} ${others.length > 1 ? 'are' : 'is'} wrong by ${others.length > 1 ? 'themselves' : 'itself'}, too` : '',
  ].filter(Boolean).join('; ');
  return {
    meaning, work, launch: first.launch, node, gpu: dataOf(snapshot, first), ...(maker.memory ? { memory: maker.memory } : {}),
    blame: {
      launch: { label, kernel }, ...(node === undefined ? {} : { node: { op: graph.nodes[node].op, label: graph.nodes[node].label } }),
      tensor: name, kind: meaning.kind, follows: names(follows), others: names(others), text,
    },
  };
}

/** Who made a wrong tensor: the launch that wrote it, or the one that prepared its working memory. */
function makerOf(findings: Findings, judged: readonly LaunchReport[], { launch, output }: Wrong, node: number | undefined): { launch: number; text: string; memory?: Culprit['memory'] } {
  const { snapshot, references } = findings;
  const { graph, launches } = snapshot;
  const data = dataOf(snapshot, { launch, output });
  const called = (at: number): string => `launch ${launches[at].label}, kernel ${launches[at].kernel}`;
  // Where the op's proof says what its working memory ought to hold, there is nothing to guess.
  const known = node === undefined ? [] : knownPreparations(findings, launch, node);
  const late = known.find((one) => one.late);
  if (late) return { launch, text: `it reads ${late.output.working!.name} before ${called(late.launch)} writes it` };
  for (const { launch: writer, read, right, output: { place, working } } of known) {
    const over = launches.findIndex(({ outputs }, at) => at > writer && at < launch && outputs.some((one) => one.place !== undefined && one.place === place));
    if (read && right && over >= 0) return { launch: over, text: `${called(over)} overwrites ${working!.name} before ${called(launch)} reads it` };
  }
  const wrongly = known.find(({ right, read }) => read && !right);
  if (wrongly) {
    const { launch: maker, output: { working, data: gpu, shape }, reference: right } = wrongly;
    const name = working!.name;
    return { launch: maker, text: `${called(launch)} reads ${name} of ${called(maker)}, which is wrong`, memory: { name, gpu, shape, reference: right } };
  }
  const prepared = preparationsOf(snapshot, launch, data.length).filter((one) => !known.some(({ output: memory }) => memory === one.output));
  if (known.length > 0 && prepared.length === 0) return { launch, text: `what ${called(known[0].launch)} prepared for it is right` };
  const spoilt = prepared.find(({ output: { data: memory } }) => !memory.every(Number.isFinite));
  if (spoilt) return { launch: spoilt.launch, text: `${spoilt.output.binding} of ${called(spoilt.launch)} is not finite everywhere` };
  const dout = node === undefined || output.meaning.kind === 'value' ? undefined : references.gradients.get(graph.nodes[node].outputs.out)?.value;
  const scales = likelyScales(graph, node, dout);
  const addends = node === undefined ? [] : Object.values(graph.nodes[node].inputs).map((id) => snapshot.computed[id] ?? snapshot.values[id] ?? []);
  const reference = referenceOf(output.meaning, references);
  const gpu = { ...reference, value: Float64Array.from(data) };
  // What else the node made of it, and right, shows that the memory was right.
  const proven = judged.flatMap(({ outputs, label }) => outputs.flatMap((other) =>
    (!isWrong(other) && other.meaning.kind !== 'value' && sourceOf(graph, other.meaning, label) === node ? [referenceOf(other.meaning, references)] : [])));
  for (const { launch: at, output: { data: memory } } of prepared) {
    if (node !== undefined && proven.some((right) => right.value.length === memory.length && right.value.some((value) => value !== 0) && followsFrom(right, memory, scales, []))) {
      return { launch, text: `what ${called(at)} prepared for it is right` };
    }
    if (followsFrom(reference, memory, scales, addends)) return { launch, text: `what ${called(at)} prepared for it is right` };
    if (followsFrom(gpu, memory, scales, addends)) return { launch: at, text: `${called(launch)} is right about what it got from ${called(at)}` };
  }
  return { launch, text: prepared.length > 0 ? `or what ${called(prepared[0].launch)} prepared for it` : '' };
}

/** A tensor that was right when it was written and wrong in the end, or that no launch wrote at all. */
function leftBehind(snapshot: Snapshot, launches: readonly LaunchReport[], tensors: readonly TensorReport[], values: readonly TensorReport[]): Culprit | undefined {
  const { graph } = snapshot;
  const ends = [
    ...values.map((report) => ({ report, kind: 'value' as const, gpu: snapshot.computed[report.id] })),
    ...tensors.map((report) => ({ report, kind: 'gradient' as const, gpu: snapshot.gradients[report.id] })),
  ].filter(({ report }) => isWrong(report));
  // Gradients arise from the last node to the first.
  const [first] = ends.sort((a, b) => rank(graph, a.kind, a.report.id) - rank(graph, b.kind, b.report.id));
  if (!first) return undefined;
  const { kind, gpu } = first;
  const meaning: Meaning = { kind, tensor: first.report.id };
  const key = keyOf(meaning);
  const launch = launches.findLastIndex(({ outputs }) => outputs.some((output) => keyOf(output.meaning) === key));
  const traced = launches.some(({ outputs }) => outputs.length > 0);
  const node = sourceOf(graph, meaning);
  const name = kind === 'gradient' ? `d ${first.report.name}` : first.report.name;
  const common = {
    tensor: name, kind, follows: [], others: ends.slice(1).map(({ report }) => report.name),
    ...(node === undefined ? {} : { node: { op: graph.nodes[node].op, label: graph.nodes[node].label } }),
  };
  const work = node === undefined ? [] : [node];
  if (launch >= 0) {
    const { label, kernel, outputs } = launches[launch];
    const { verdict } = outputs.find((output) => keyOf(output.meaning) === key)!;
    // Where the reference is in doubt, so is whether the launch was right.
    const text = verdict === 'reference-suspect'
      ? `${name}${node === undefined ? '' : `: ${direction(meaning)} of ${describeNode(graph, node)}`}, launch ${label}, kernel ${kernel}; the reference is in doubt at some of its elements`
      : `${name}: launch ${label}, kernel ${kernel} wrote it right, but something changed it afterwards`;
    return { meaning, gpu, work, launch, blame: { launch: { label, kernel }, ...common, text } };
  }
  const where = node === undefined ? '' : `, ${direction(meaning)} of ${describeNode(graph, node)}`;
  const text = traced ? `${name}${where}: no launch wrote it` : kind === 'value' ? `${name}${where}` : blameGradients(snapshot, tensors) ?? name;
  return { meaning, gpu, work, blame: { ...common, text } };
}

function rank(graph: Graph, kind: 'value' | 'gradient', tensor: number): number {
  const source = sourceOf(graph, { kind, tensor }) ?? graph.nodes.findLastIndex(({ inputs }) => Object.values(inputs).includes(tensor));
  return kind === 'value' ? source : 2 * graph.nodes.length - source;
}

/** Everything that a launch left in memory where it can be seen, leaves and cotangents included. */
function visible({ graph, launches, seeds }: Snapshot): Set<string> {
  const keys = new Set(launches.flatMap(({ outputs }) => outputs.flatMap(({ meaning }) => (meaning ? [keyOf(meaning)] : []))));
  const computed = new Set(graph.nodes.flatMap(({ outputs }) => Object.values(outputs)));
  for (const { id } of graph.tensors) if (!computed.has(id)) keys.add(keyOf({ kind: 'value', tensor: id }));
  for (const { tensor } of seeds) keys.add(keyOf({ kind: 'gradient', tensor }));
  return keys;
}

function dataOf({ launches }: Snapshot, { launch, output }: Wrong): Float32Array {
  const key = keyOf(output.meaning);
  return launches[launch].outputs.find(({ meaning }) => meaning && keyOf(meaning) === key)!.data;
}

const direction = (meaning: Meaning): string => (meaning.kind === 'value' ? 'the forward' : 'the backward');

function describeNode({ nodes }: Graph, index: number): string {
  return `${nodes[index].op} '${nodes[index].label}'`;
}

/** Which ops one launch does, where it is more than one. */
function workText(graph: Graph, meaning: Meaning, work: readonly number[]): string {
  if (work.length < 2) return '';
  return `, which does ${meaning.kind === 'value' ? '' : 'the backward of '}${list(work.map((index) => describeNode(graph, index)))}`;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}
