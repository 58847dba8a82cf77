import type { Meaning } from '../program/graph.ts';
import { POISON_BITS } from '../program/poison.ts';
import { sizeOf } from '../reference/tensor.ts';
import { keyOf } from './dependence.ts';
import { fits, isPoison, misvalued, plural } from './explain-case.ts';
import type { Case, Finding } from './explain-case.ts';
import { nameOf, referenceOf, tensorOf } from './references.ts';
import { preparationsOf } from './working-memory.ts';

/** Poison that still stands there, or that came through from memory that nothing had written. */
export function neverWritten(one: Case): Finding[] {
  const { gpu, wrong } = one;
  const early = tooEarly(one);
  if (early) return [{ symptom: 'garbage', text: early }];
  const prepared = one.launch === undefined ? [] : preparationsOf(one.snapshot, one.launch, gpu.length);
  for (const { output: { binding, data } } of prepared) {
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    const empty = [...bits.keys()].filter((i) => bits[i] === POISON_BITS);
    if (empty.length === 0) continue;
    const atEnd = empty.length < data.length && empty[0] === data.length - empty.length;
    return [
      { symptom: 'unwritten', text: `${binding}, which an earlier launch of the same op prepares, was never written ${empty.length === data.length ? 'at all' : `at ${plural(empty.length, 'element')} of ${data.length}`}` },
      ...(atEnd ? [{ symptom: 'edge' as const, text: `the last ${plural(empty.length, 'element')} of ${binding} are missing: a guard or the last tile` }] : []),
      { symptom: 'garbage', text: 'so this tensor is made from memory that nothing had written' },
    ];
  }
  const poisoned = wrong.filter((i) => isPoison(one, i)).length;
  if (poisoned === 0) return [];
  const which = poisoned === gpu.length ? 'the poison still stands everywhere' : `the poison still stands in ${plural(poisoned, 'element')}`;
  return [
    { symptom: 'unwritten', text: `never written: ${which}` },
    { symptom: 'garbage', text: 'or they were made from memory that nothing had written: poison comes through arithmetic' },
  ];
}

/** A launch that ran before one that writes what it reads. */
function tooEarly({ snapshot, launch, work, meaning }: Case): string | undefined {
  if (launch === undefined) return undefined;
  const { nodes, tensors } = snapshot.graph;
  const reads = work.flatMap((index) => [
    ...Object.values(nodes[index].inputs).map((tensor) => ({ kind: 'value' as const, tensor })),
    ...(meaning.kind === 'value' ? [] : Object.values(nodes[index].outputs).flatMap((tensor) => [{ kind: 'gradient' as const, tensor }, { kind: 'value' as const, tensor }])),
  ]).map(keyOf);
  for (const { label, kernel, outputs } of snapshot.launches.slice(launch + 1)) {
    const late = outputs.find((output) => output.meaning && reads.includes(keyOf(output.meaning)));
    if (late?.meaning) return `read too early: launch ${label}, kernel ${kernel} writes ${nameOf(late.meaning, { nodes, tensors })} only afterwards`;
  }
  return undefined;
}

/** Numbers of an earlier run, or of another tensor whose memory this one took over. */
export function staleNumbers(one: Case): Finding[] {
  const { gpu, value, wrong } = one;
  const found: Finding[] = [];
  for (const { data, name } of leftovers(one)) {
    // One number may be another one by chance.
    if (data.length < gpu.length || wrong.every((i) => data[i] === 0) || (wrong.length < 2 && data.length > 1)) continue;
    if (wrong.every((i) => gpu[i] === data[i])) return [{ symptom: 'stale', text: `these are ${name}` }];
    if (found.length === 0 && fits(one, (i) => value[i] + data[i], (i) => one.sigma[i] + Math.abs(value[i]) * 1e-7 + Math.abs(data[i]) * 1e-7)) {
      found.push({ symptom: 'garbage', text: `added to what was there before: ${name}` }, { symptom: 'stale', text: `the difference is ${name}` });
    }
  }
  return found;
}

/** What the memory of the tensor may have held before: numbers of an earlier run, and of earlier launches. */
function leftovers({ snapshot, meaning, launch = 0 }: Case): { data: ArrayLike<number>; name: string }[] {
  const { graph, previous, earlier, launches } = snapshot;
  const tensor = meaning.kind === 'contribution' ? graph.nodes[meaning.node].inputs[meaning.input] : meaning.tensor;
  const own = meaning.kind === 'value' ? undefined : previous?.[tensor];
  const named = (part: typeof launches, run: string) => part.flatMap(({ outputs }) => outputs.map((output) => ({
    data: output.data, name: `the numbers of ${output.meaning ? nameOf(output.meaning, graph) : output.binding}${run}`,
  })));
  return [
    ...(own ? [{ data: own, name: 'the numbers of an earlier run' }] : []),
    ...named(earlier ?? [], ' of an earlier run'),
    // Without an earlier run all memory was poisoned right before it was written.
    ...(earlier ? named(launches.slice(0, launch), ', which an earlier launch of this run left') : []),
  ];
}

/** One factor for all elements. */
export function factor(one: Case): Finding[] {
  const { gpu, value, sigma, wrong } = one;
  let inner = 0;
  let squares = 0;
  let telling = 0;
  value.forEach((expected, i) => {
    if (isPoison(one, i)) return;
    // Each element counts by how well it is known.
    const weight = 1 / (sigma[i] ** 2 + (1e-7 * expected) ** 2 + 1e-60);
    inner += weight * gpu[i] * expected;
    squares += weight * expected * expected;
    if (Math.abs(expected) > 50 * sigma[i] && expected !== 0) telling++;
  });
  const ratio = inner / squares;
  if (!Number.isFinite(ratio) || ratio === 0 || telling === 0 || wrong.length === 0) return [];
  const explains = (by: number): boolean => fits(one, (i) => by * value[i], (i) => Math.max(1, Math.abs(by)) * sigma[i]);
  const named = namedFactors(one).find(([by]) => Math.abs(ratio / by - 1) < 1e-3 && explains(by));
  if (named) return [{ symptom: 'factor', text: named[1] }];
  // A single number is some factor of any other.
  if (telling < 2 || !explains(ratio)) return [];
  return [{ symptom: 'factor', text: `a factor of ${Number(ratio.toPrecision(6))}` }];
}

/** Factors that mistakes make, with what they mean. */
function namedFactors({ snapshot: { graph }, work }: Case): [number, string][] {
  const named: [number, string][] = [[-1, 'the sign is wrong'], [2, 'twice the right numbers: counted twice, or a factor of 2'], [0.5, 'half the right numbers']];
  const batch = graph.tensors.find(({ role, shape }) => role === 'input' && shape.length > 0)?.shape[0];
  const counts = new Set<number>();
  for (const id of work.flatMap((index) => [...Object.values(graph.nodes[index].inputs), ...Object.values(graph.nodes[index].outputs)])) {
    const { shape } = graph.tensors[id];
    for (let first = 0; first < shape.length; first++) {
      for (let last = first + 1; last <= shape.length; last++) counts.add(sizeOf(shape.slice(first, last)));
    }
  }
  for (const count of [...counts].filter((of) => of > 1)) {
    const what = count === batch ? `${count} is the batch size` : `${count} is a size of its tensors`;
    named.push([count, `a factor of ${count}: ${what}: a mean is missing`], [1 / count, `a factor of 1/${count}: ${what}: divided once too often`],
      [-count, `a factor of −${count}: ${what}`], [2 * count, `a factor of 2·${count}: ${what}`]);
  }
  return named;
}

/** Rows and columns exchanged: the last two axes, or all but the last against the last. */
export function transposed(one: Case): Finding[] {
  const { shape, value, gpu } = one;
  if (shape.length < 2) return [];
  const columns = shape[shape.length - 1];
  for (const rows of new Set([shape[shape.length - 2], gpu.length / columns])) {
    if (rows < 2 || columns < 2) continue;
    const block = rows * columns;
    const from = (i: number, across: number): number => i - i % block + (i % block % across) * (block / across) + Math.floor(i % block / across);
    for (const across of [rows, columns]) {
      if (fits(one, (i) => value[from(i, across)], (i) => Math.max(one.sigma[i], one.sigma[from(i, across)]))) {
        return [{ symptom: 'transposed', text: `the right numbers with rows and columns exchanged (${rows} × ${columns})` }];
      }
    }
  }
  return [];
}

/** Everything that is wrong is exactly 0. */
export function zeroBlock(one: Case): Finding[] {
  const { gpu, wrong, shape } = one;
  if (wrong.length === 0 || !wrong.every((i) => gpu[i] === 0)) return [];
  if (wrong.length === gpu.length) return [{ symptom: 'zero-block', text: 'all elements are 0' }];
  const columns = shape[shape.length - 1] ?? 1;
  const rows = new Set(wrong.map((i) => Math.floor(i / columns)));
  const across = new Set(wrong.map((i) => i % columns));
  const [first] = wrong;
  const last = wrong[wrong.length - 1];
  const whole = rows.size * across.size === wrong.length;
  const range = (set: ReadonlySet<number>): string => (set.size === 1 ? String([...set][0]) : `${Math.min(...set)} to ${Math.max(...set)}`);
  const where = whole && across.size === columns ? `in the rows ${range(rows)}`
    : whole && rows.size === gpu.length / columns ? `in the columns ${range(across)}`
    : last - first + 1 === wrong.length ? `from element ${first} to ${last}`
    : `in ${plural(wrong.length, 'element')} that must not be`;
  return [{ symptom: 'zero-block', text: wrong.length === 1 ? `0 at element ${first} alone` : `0 ${where}; everything else is right` }];
}

/** The numbers of another tensor: exchanged outputs, or the wrong operand. */
export function otherNumbers(one: Case): Finding[] {
  const { snapshot: { graph }, references, gpu, meaning, work } = one;
  if (misvalued(one).length < 2) return [];
  const near: Meaning[] = work.flatMap((index) => [...Object.values(graph.nodes[index].inputs), ...Object.values(graph.nodes[index].outputs)])
    .flatMap((tensor) => [{ kind: 'value', tensor }, { kind: 'gradient', tensor }]);
  for (const other of near) {
    if (keyOf(other) === keyOf(meaning) || sizeOf(graph.tensors[tensorOf(other, graph)].shape) !== gpu.length) continue;
    if (other.kind === 'gradient' && !references.gradients.has(other.tensor)) continue;
    const { value, variance } = referenceOf(other, references);
    // Numbers that are all alike are nobody's own.
    if (value.every((number) => number === value[0])) continue;
    if (fits(one, (i) => value[i], (i) => Math.sqrt(variance[i]))) return [{ symptom: 'formula', text: `these are the numbers of ${nameOf(other, graph)}` }];
  }
  return [];
}
