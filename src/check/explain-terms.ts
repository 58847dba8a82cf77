import type { RefTensor } from '../reference/tensor.ts';
import { sourceOf } from './dependence.ts';
import { misvalued } from './explain-case.ts';
import type { Case, Finding } from './explain-case.ts';
import { pushForward } from './explain-branches.ts';
import { inputsOf, proofOf } from './point.ts';
import { KAPPA } from './verdict.ts';
import { selections } from './selections.ts';
import { preparationsOf } from './working-memory.ts';

/** A tensor as a sum: `base` + Σ terms, each as long as the tensor. */
interface Sum {
  /** What the terms run over, for people. */
  readonly over: string;
  readonly base: Float64Array;
  readonly terms: readonly Float64Array[];
}

/** Most terms of a sum that are told apart: longer ones have too many ways to go wrong. */
const MOST_TERMS = 600;
/** Most different selections of terms that may be at work in one tensor: lanes of a vector may each have their own. */
const MOST_SELECTIONS = 4;
/** Milliseconds that the search may take. */
const PATIENCE = 1500;

/** A sum that leaves terms out or counts them twice: each wrong element is the sum over a selection of its terms. */
export function wrongTerms(one: Case): Finding[] {
  const deadline = performance.now() + PATIENCE;
  const wrong = misvalued(one).filter((i) => Number.isFinite(one.gpu[i]));
  if (wrong.length === 0 || wrong.length < misvalued(one).length) return [];
  for (const sum of sumsOf(one, deadline)) {
    // Where only one term counts, there is no sum to go wrong.
    const real = wrong.every((i) => sum.terms.filter((term) => term[i] !== 0).length > 1);
    const text = real ? selectionOf(one, sum, wrong, deadline) : undefined;
    if (text) return [{ symptom: 'reduction', text: `the sum over ${sum.over} ${text}` }];
    if (performance.now() > deadline) break;
  }
  return [];
}

/** The selections of terms that explain all wrong elements, in words. */
function selectionOf(one: Case, { base, terms }: Sum, wrong: readonly number[], deadline: number): string | undefined {
  let left = [...wrong];
  const texts: string[] = [];
  while (left.length > 0 && texts.length < MOST_SELECTIONS) {
    const [first] = left;
    let best: { text: string; rest: number[] } | undefined;
    for (const { weight, text } of selections(terms.length)) {
      if (performance.now() > deadline) return undefined;
      if (!explains(one, base, terms, weight, first)) continue;
      const rest = left.filter((i) => !explains(one, base, terms, weight, i));
      if (!best || rest.length < best.rest.length) best = { text, rest };
      if (rest.length === 0) break;
    }
    // One element may fit by chance: each selection but the only one must explain at least two.
    if (!best || performance.now() > deadline || (best.rest.length > 0 || texts.length > 0) && left.length - best.rest.length < 2) return undefined;
    texts.push(best.text);
    left = best.rest;
  }
  return left.length === 0 ? [...new Set(texts)].join(', elsewhere it ') : undefined;
}

function explains({ gpu, sigma }: Case, base: Float64Array, terms: readonly Float64Array[], weight: (term: number) => number, i: number): boolean {
  let value = base[i];
  let size = Math.abs(base[i]);
  for (let r = 0; r < terms.length; r++) {
    const term = weight(r) * terms[r][i];
    value += term;
    size += Math.abs(term);
  }
  return Math.abs(gpu[i] - value) <= KAPPA * sigma[i] + 2e-7 * size / Math.sqrt(terms.length);
}

/** The ways in which the wrong tensor is a sum. */
function* sumsOf(one: Case, deadline: number): Generator<Sum> {
  yield* overMemory(one);
  if (one.meaning.kind === 'value') yield* overInputs(one, deadline);
  else yield* overCotangent(one, deadline);
}

/** Terms that an earlier launch of the same op prepared. */
function* overMemory({ snapshot, launch, value }: Case): Generator<Sum> {
  const n = value.length;
  const memory = launch === undefined ? undefined : preparationsOf(snapshot, launch, n)[0]?.output;
  if (!memory) return;
  const size = memory.data.length / n;
  if (size < 2 || size > MOST_TERMS) return;
  for (let inner = 1; inner <= n; inner++) {
    if (n % inner !== 0) continue;
    const terms = Array.from({ length: size }, (_, r) => Float64Array.from(value, (__, i) => memory.data[(Math.floor(i / inner) * size + r) * inner + i % inner]));
    const totals = value.map((_, i) => terms.reduce((sum, term) => sum + term[i], 0));
    const scale = value[0] / totals[0];
    if (!value.every((expected, i) => Math.abs(expected - scale * totals[i]) <= 1e-4 * Math.abs(expected))) continue;
    yield { over: `${memory.binding} of its first launch`, base: new Float64Array(n), terms: terms.map((term) => term.map((v) => scale * v)) };
  }
}

/** A gradient is linear in what arrives from above: its terms are the gradients of parts of that. */
function* overCotangent({ meaning, snapshot: { graph }, references: { point, gradients }, rounding, proofs, value }: Case, deadline: number): Generator<Sum> {
  const index = sourceOf(graph, meaning);
  if (index === undefined) return;
  const node = graph.nodes[index];
  const dout = gradients.get(node.outputs.out);
  if (!dout) return;
  const target = meaning.kind === 'contribution' ? meaning.input : Object.keys(node.inputs).find((name) => node.inputs[name] === (meaning.kind === 'gradient' ? meaning.tensor : -1));
  const proof = proofOf(node, proofs);
  const inputs = inputsOf(node, point.tensors);
  const gradientBy = (part: RefTensor): Float64Array | undefined =>
    proof.backward(inputs, point.tensors[node.outputs.out], part, node.options, rounding, point.branches[index])[target ?? '']?.value;
  yield* overSlices(dout, `d ${graph.tensors[node.outputs.out].name}`, (part, keep) => gradientBy(keep(part)), new Float64Array(value.length), deadline);
}

/** A value that is affine in an input: its terms are what parts of that input add. */
function* overInputs(one: Case, deadline: number): Generator<Sum> {
  const { snapshot: { graph }, references: { point }, rounding, proofs, work, value, sigma } = one;
  for (const index of work) {
    const node = graph.nodes[index];
    const proof = proofOf(node, proofs);
    const inputs = inputsOf(node, point.tensors);
    const valueOf = (name: string, part: RefTensor): Float64Array | undefined =>
      pushForward(one, index, proof.forward({ ...inputs, [name]: part }, node.options, rounding, point.branches[index]))?.value;
    for (const name of proof.differentiable) {
      const input = inputs[name];
      if (!input) continue;
      const base = valueOf(name, { ...input, value: new Float64Array(input.value.length) });
      if (!base) continue;
      const over = graph.tensors[node.inputs[name]].name;
      for (const sum of overSlices(input, over, (part, keep) => valueOf(name, keep(part))?.map((v, i) => v - base[i]), base, deadline)) {
        const affine = value.every((expected, i) => {
          const total = sum.terms.reduce((found, term) => found + term[i], base[i]);
          return Math.abs(total - expected) <= sigma[i] + 1e-9 * Math.abs(expected);
        });
        if (affine) yield sum;
      }
    }
  }
}

/** The sums over the parts of a tensor along each run of neighbouring axes. */
function* overSlices(
  tensor: RefTensor, name: string, termOf: (tensor: RefTensor, keep: (all: RefTensor) => RefTensor) => Float64Array | undefined, base: Float64Array, deadline: number,
): Generator<Sum> {
  const { shape } = tensor;
  const seen = new Set<string>();
  for (let width = 1; width <= shape.length; width++) {
    for (let first = 0; first + width <= shape.length; first++) {
      const product = (from: number, to: number): number => shape.slice(from, to).reduce((a, b) => a * b, 1);
      const size = product(first, first + width);
      const inner = product(first + width, shape.length);
      if (size < 2 || size > MOST_TERMS || seen.has(`${size} ${inner}`)) continue;
      seen.add(`${size} ${inner}`);
      const terms: Float64Array[] = [];
      for (let r = 0; r < size && performance.now() < deadline; r++) {
        const keep = (all: RefTensor): RefTensor => ({ ...all, value: all.value.map((v, at) => (Math.floor(at / inner) % size === r ? v : 0)) });
        const term = termOf(tensor, keep);
        if (!term) return;
        terms.push(term);
      }
      if (terms.length === size) yield { over: shape.length < 2 ? `the ${size} elements of ${name}` : `the ${size} parts of ${name} along axis ${first}`, base, terms };
    }
  }
}
