import type { RefTensor } from '../reference/tensor.ts';
import { ROUNDING } from '../reference/rounding.ts';
import { fits, misvalued, plural } from './explain-case.ts';
import type { Case, Finding } from './explain-case.ts';
import { inputsOf, proofOf } from './point.ts';
import { gradientsAt, referenceOf } from './references.ts';
import { KAPPA } from './verdict.ts';

/** A mask that is missing, turned round or made from something else: the references with another pattern match. */
export function mask(one: Case): Finding[] {
  const { snapshot: { graph }, references: { point }, work } = one;
  for (const index of work) {
    const own = point.branches[index];
    if (!own) continue;
    const { op, label } = graph.nodes[index];
    for (const [pattern, text] of patternsFor(one, index, own)) {
      if (pattern.every((side, i) => side === own[i])) continue;
      const mistaken = withPattern(one, index, pattern);
      if (mistaken && fits(one, (i) => mistaken.value[i], (i) => Math.max(one.sigma[i], Math.sqrt(mistaken.variance[i])))) {
        return [{ symptom: 'mask', text: `${text} of ${op} '${label}'` }];
      }
    }
  }
  return [];
}

/** Each wrong element is what the other branch would give there: a mask that comes from somewhere else. */
export function maskByElement(one: Case): Finding[] {
  const { snapshot: { graph }, references: { point }, work, gpu, wrong, sigma } = one;
  const misled = misvalued(one);
  if (misled.length === 0 || misled.length < wrong.length) return [];
  for (const index of work) {
    const own = point.branches[index];
    if (own?.length !== gpu.length) continue;
    const other = withPattern(one, index, own.map((side) => 1 - side));
    if (!other) continue;
    const bound = (i: number): number => KAPPA * (Math.max(sigma[i], Math.sqrt(other.variance[i])) + ROUNDING * Math.abs(other.value[i]));
    if (!misled.every((i) => Math.abs(gpu[i] - other.value[i]) <= bound(i))) continue;
    const { op, label } = graph.nodes[index];
    return [{ symptom: 'mask', text: `${plural(misled.length, 'element')} took the other branch of ${op} '${label}': its mask comes from somewhere else` }];
  }
  return [];
}

/** Patterns that mistakes make. */
function patternsFor({ snapshot: { graph }, references: { point, gradients }, work }: Case, index: number, own: Uint8Array): [Uint8Array, string][] {
  const patterns: [Uint8Array, string][] = [
    [own.map(() => 1), 'the mask is missing: as if all branches were open those'],
    [own.map(() => 0), 'as if all branches were closed those'],
    [own.map((side) => 1 - side), 'the mask is turned round: that'],
  ];
  const add = (name: string, { value }: RefTensor): void => {
    if (value.length !== own.length) return;
    patterns.push(
      [Uint8Array.from(value, (v) => (v > 0 ? 1 : 0)), `the mask takes ${name} > 0: that`],
      [Uint8Array.from(value, (v) => (v >= 0 ? 1 : 0)), `the mask takes ${name} ≥ 0: that`],
      [Uint8Array.from(value, (v) => (v <= 0 ? 1 : 0)), `the mask takes ${name} ≤ 0: that`],
    );
  };
  const ids = new Set([index, ...work].flatMap((at) => [...Object.values(graph.nodes[at].inputs), ...Object.values(graph.nodes[at].outputs)]));
  for (const id of ids) {
    add(graph.tensors[id].name, point.tensors[id]);
    const gradient = gradients.get(id);
    if (gradient) add(`d ${graph.tensors[id].name}`, gradient);
  }
  return patterns;
}

/** The wrong tensor's reference with another pattern at one node. */
function withPattern(one: Case, index: number, pattern: Uint8Array): RefTensor | undefined {
  const { meaning, snapshot, references: { point }, rounding, proofs } = one;
  const firm = { ...rounding, kinkWidth: 0 };
  if (meaning.kind !== 'value') {
    const altered = { ...point, branches: point.branches.map((branches, at) => (at === index ? pattern : branches)) };
    return referenceOf(meaning, gradientsAt(snapshot, altered, firm, proofs));
  }
  const node = point.graph.nodes[index];
  const out = proofOf(node, proofs).forward(inputsOf(node, point.tensors), node.options, firm, pattern);
  return pushForward(one, index, out);
}

/** The wrong value where one node of the work gives another output: what follows is computed anew. */
export function pushForward({ meaning, work, references: { point }, rounding, proofs }: Case, index: number, out: RefTensor): RefTensor | undefined {
  if (meaning.kind !== 'value') return undefined;
  const tensors = [...point.tensors];
  tensors[point.graph.nodes[index].outputs.out] = out;
  for (const at of work) {
    if (at <= index) continue;
    const node = point.graph.nodes[at];
    const inputs = inputsOf(node, tensors);
    const proof = proofOf(node, proofs);
    tensors[node.outputs.out] = proof.forward(inputs, node.options, rounding, proof.branches?.(inputs, node.options));
  }
  return tensors[meaning.tensor];
}
