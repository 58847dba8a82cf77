import type { Graph, LaunchOutput, Snapshot } from '../program/graph.ts';
import { sizeOf } from '../ops/tensor.ts';
import { UNIT_ROUNDOFF } from '../reference/rounding.ts';
import type { RefTensor } from '../reference/tensor.ts';
import type { Findings } from './explain-case.ts';
import { inputsOf, proofOf } from './point.ts';
import { FLUSH_FLOOR, KAPPA } from './verdict.ts';

/** A launch that prepared working memory for a later one of the same op. */
export interface Preparation {
  /** Its place among the launches. */
  readonly launch: number;
  readonly output: LaunchOutput;
}

/**
 * Working memory of earlier launches of the same node, tensors that stand for nothing in the graph, from which a tensor
 * of `length` elements may be made: the nearest first, those of the same direction before those of the other.
 */
export function preparationsOf({ launches }: Snapshot, launch: number, length: number): Preparation[] {
  const { label } = launches[launch];
  const nodeOf = (of: string): string => of.slice(0, of.lastIndexOf('.'));
  const found: Preparation[] = [];
  for (let at = launch - 1; at >= 0; at--) {
    if (nodeOf(launches[at].label) !== nodeOf(label)) continue;
    for (const output of launches[at].outputs) {
      if (!output.meaning && output.data.length % length === 0) found.push({ launch: at, output });
    }
  }
  return found.sort((a, b) => Number(launches[b.launch].label === label) - Number(launches[a.launch].label === label));
}

/**
 * Working memory of a node whose right numbers its proof tells, the first written first: what launches before `reader` wrote, and
 * what it reads though a later one writes it (`late`). `read` says whether the launch reads it, as far as records tell.
 */
export function knownPreparations(
  { snapshot, references: { point, gradients }, rounding, proofs }: Findings, reader: number, index: number,
): (Preparation & { readonly right: boolean; readonly late: boolean; readonly read: boolean; readonly reference: RefTensor })[] {
  const node = point.graph.nodes[index];
  const expected = proofOf(node, proofs).working?.(inputsOf(node, point.tensors), node.options, rounding, gradients.get(node.outputs.out)) ?? {};
  const { reads } = snapshot.launches[reader];
  // What lies between known memory and the reader is spoilt with it.
  const indirectly = reads?.some((one) => one.node === index && !Object.hasOwn(expected, one.name)) ?? false;
  return snapshot.launches.flatMap(({ outputs }, launch) => outputs.flatMap((output) => {
    const { working, data } = output;
    if (working?.node !== index || !Object.hasOwn(expected, working.name)) return [];
    const late = launch > reader;
    const read = (reads?.some((one) => one.node === index && one.name === working.name) ?? !late) || (indirectly && !late);
    if (late && !read) return [];
    const { value, variance } = expected[working.name];
    const right = value.length === data.length && value.every((one, i) => Math.abs(data[i] - one) <= KAPPA * Math.sqrt(variance[i]) + FLUSH_FLOOR);
    return [{ launch, output, right, late, read, reference: expected[working.name] }];
  }));
}

/**
 * Whether `target` follows from working memory in one of the ways that launches know: sums of equal parts times a number
 * that the shapes give, or an input added. If the right numbers follow from it, the working memory was right.
 */
export function followsFrom(target: RefTensor, memory: Float32Array, scales: readonly number[], addends: readonly ArrayLike<number>[]): boolean {
  const n = target.value.length;
  const size = memory.length / n;
  if (!Number.isInteger(size)) return false;
  if (size === 1 && addends.some((addend) => within(target, (i) => [memory[i] + addend[i % addend.length], Math.abs(memory[i]) + Math.abs(addend[i % addend.length]), 2]))) return true;
  for (let inner = 1; inner <= n; inner++) {
    if (n % inner !== 0) continue;
    const sums = new Float64Array(n);
    const sizes = new Float64Array(n);
    memory.forEach((value, at) => {
      const to = Math.floor(at / (inner * size)) * inner + at % inner;
      sums[to] += value;
      sizes[to] += Math.abs(value);
    });
    if (scales.some((scale) => within(target, (i) => [scale * sums[i], Math.abs(scale) * sizes[i], size + 2]))) return true;
  }
  return false;
}

/** Whether every element lies where `at` says: a value, the size of its terms and how many roundings they take. */
function within({ value, variance }: RefTensor, at: (i: number) => readonly [value: number, size: number, roundings: number]): boolean {
  return value.every((expected, i) => {
    const [found, size, roundings] = at(i);
    return Math.abs(found - expected) <= KAPPA * (Math.sqrt(variance[i]) + Math.sqrt(roundings) * UNIT_ROUNDOFF * size);
  });
}

/** 1, one over each count that a mean over parts of the node's inputs may divide by, and what arrives from above if it is one number. */
export function likelyScales(graph: Graph, node: number | undefined, dout?: Float64Array): number[] {
  const scales = new Set([1, ...(dout?.length === 1 ? dout : [])]);
  for (const id of node === undefined ? [] : Object.values(graph.nodes[node].inputs)) {
    const { shape } = graph.tensors[id];
    for (let first = 0; first <= shape.length; first++) {
      for (let last = first; last <= shape.length; last++) scales.add(1 / Math.max(1, sizeOf(shape.slice(first, last))));
    }
  }
  return [...scales];
}
