import type { Snapshot } from '../program/graph.ts';
import { complexOf, complexZeros } from '../reference/complex.ts';
import type { ComplexTensor } from '../reference/complex.ts';
import { sizeOf } from '../reference/tensor.ts';
import { downstream } from './downstream.ts';
import { proofOf } from './point.ts';
import type { Point, Proofs } from './point.ts';

/**
 * The step along the imaginary axis. f(x + ih) = f(x) + ih·f′(x) − h²/2·f″(x) …: below 1e-8 the rest is lost in float64,
 * and nothing is subtracted, so any tiny h gives the same digits.
 */
export const COMPLEX_STEP = 1e-20;

/** What a derivative by complex step may be off, relative to the larger of itself and the rms of its tensor: rounding. */
export const COMPLEX_ERROR = 1e-13;

/** d objective by complex step: forward formulas only, with the branches of the point. */
export interface ComplexStepper {
  /** Makes `tensor` the one that is moved. False where an op on the way to the objective has no complex form. */
  select(tensor: number): boolean;
  /** d objective / d element. */
  element(element: number): number;
  /** Σ direction[i] · d objective / d element i. */
  along(direction: ArrayLike<number>): number;
  /** Multiply-adds of one evaluation of all that depends on the selected tensor. */
  work(): number;
}

/** `step` is for tests: the result must not depend on it. */
export function complexStepper(snapshot: Snapshot, point: Point, proofs: Proofs, step = COMPLEX_STEP): ComplexStepper {
  const { graph } = point;
  const base: ComplexTensor[] = [];
  let selected = 0;
  let moved = complexZeros([]);
  let plan: readonly number[] = [];
  let ends: Snapshot['seeds'] = [];

  const real = (id: number): ComplexTensor => (base[id] ??= complexOf(point.tensors[id].shape, point.tensors[id].value));

  function evaluate(): number {
    const tensors = new Map([[selected, moved]]);
    for (const index of plan) {
      const node = graph.nodes[index];
      const inputs: Record<string, ComplexTensor> = {};
      for (const [name, id] of Object.entries(node.inputs)) inputs[name] = tensors.get(id) ?? real(id);
      const out = proofOf(node, proofs).complex?.(inputs, node.options, point.branches[index]);
      if (out) tensors.set(node.outputs.out, out);
    }
    let sum = 0;
    for (const { tensor, cotangent } of ends) {
      const im = tensors.get(tensor)?.im;
      if (im) for (let i = 0; i < im.length; i++) sum += cotangent[i] * im[i];
    }
    return sum / step;
  }

  return {
    select(tensor) {
      selected = tensor;
      const { nodes, reached } = downstream(snapshot, tensor, proofs);
      plan = nodes;
      ends = snapshot.seeds.filter((seed) => reached.has(seed.tensor));
      const { shape, value } = point.tensors[tensor];
      moved = complexOf(shape, value);
      return plan.every((index) => proofOf(graph.nodes[index], proofs).complex);
    },
    element(element) {
      moved.im.fill(0);
      moved.im[element] = step;
      return evaluate();
    },
    along(direction) {
      for (let i = 0; i < moved.im.length; i++) moved.im[i] = step * direction[i];
      return evaluate();
    },
    // A complex product is four real ones.
    work: () => plan.reduce((sum, index) => sum + 4 * workOf(point, index, proofs), 0),
  };
}

/** Multiply-adds of a whole evaluation of one node. */
export function workOf(point: Point, index: number, proofs: Proofs): number {
  const node = point.graph.nodes[index];
  const proof = proofOf(node, proofs);
  const inputs = Object.entries(node.inputs).map(([name, id]) => [name, point.tensors[id].shape] as const);
  const largest = Math.max(...[point.tensors[node.outputs.out].shape, ...inputs.map(([, shape]) => shape)].map(sizeOf));
  return proof.work?.(Object.fromEntries(inputs), node.options) ?? largest;
}
