import type { Snapshot } from '../program/graph.ts';
import { addDelta, emptyChange } from '../proof/change.ts';
import type { Change } from '../proof/change.ts';
import type { Place, Site } from '../proof/proof.ts';
import type { Rounding } from '../reference/rounding.ts';
import { zeros } from '../reference/tensor.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { workOf } from './complex-step.ts';
import { downstream } from './downstream.ts';
import { inputsOf, proofOf, reevaluate } from './point.ts';
import type { Point, Proofs } from './point.ts';

/** Sparse re-evaluation of the objective while one tensor is nudged. */
export interface Nudger {
  /** Makes `tensor` the one that `nudge` changes. */
  select(tensor: number): void;
  /** objective(x + delta) − objective(x), where x is element `element` of the selected tensor. */
  nudge(element: number, delta: number): number;
  /** objective(x + step·direction) − objective(x), where x is the selected tensor. */
  nudgeAlong(direction: ArrayLike<number>, step: number): number;
  /** Multiply-adds of the last nudge, estimated from what it changed. */
  work(): number;
  /**
   * Compares every node that the last nudge reached with its slow evaluation; returns what disagrees, or undefined.
   * A fast path that forgets an element would mislead the finite difference in silence.
   */
  compare(): string | undefined;
}

export function nudger(snapshot: Snapshot, point: Point, rounding: Rounding, proofs: Proofs): Nudger {
  const { graph } = point;
  const sites = point.tensors.map((tensor): Site => ({ shape: tensor.shape, value: tensor.value, change: emptyChange(tensor.value.length) }));
  const runs: (() => void)[] = [];
  let selected = sites[0];
  let plan: readonly number[] = [];
  let steps: (() => void)[] = [];
  let ends: { change: Change; cotangent: Float64Array }[] = [];

  function runOf(index: number): () => void {
    const node = graph.nodes[index];
    const proof = proofOf(node, proofs);
    const place: Place = {
      inputs: inputsOf(node, sites), out: sites[node.outputs.out], options: node.options, branches: point.branches[index],
    };
    if (proof.perturb) return proof.perturb(place);
    return () => {
      const out = reevaluate(point, index, movedInputs(index), rounding, proofs);
      place.out.change.count = 0;
      out.value.forEach((value, i) => {
        const delta = value - place.out.value[i];
        if (delta !== 0) addDelta(place.out.change, i, delta);
      });
    };
  }

  /** The inputs of a node with their changes applied. */
  function movedInputs(index: number): Record<string, RefTensor> {
    const moved: Record<string, RefTensor> = {};
    for (const [name, id] of Object.entries(graph.nodes[index].inputs)) moved[name] = movedSite(sites[id]);
    return moved;
  }

  function select(tensor: number): void {
    for (const site of sites) if (site) site.change.count = 0;
    selected = sites[tensor];
    const { nodes, reached } = downstream(snapshot, tensor, proofs);
    plan = nodes;
    for (const index of plan) runs[index] ??= runOf(index);
    steps = plan.map((index) => runs[index]);
    ends = snapshot.seeds.filter((seed) => reached.has(seed.tensor)).map((seed) => ({
      change: sites[seed.tensor].change, cotangent: Float64Array.from(seed.cotangent),
    }));
  }

  function nudge(element: number, delta: number): number {
    selected.change.count = 0;
    addDelta(selected.change, element, delta);
    return changeOfObjective();
  }

  function nudgeAlong(direction: ArrayLike<number>, step: number): number {
    selected.change.count = 0;
    for (let i = 0; i < direction.length; i++) addDelta(selected.change, i, step * direction[i]);
    return changeOfObjective();
  }

  function changeOfObjective(): number {
    for (let s = 0; s < steps.length; s++) steps[s]();
    let objective = 0;
    for (let e = 0; e < ends.length; e++) {
      const { change, cotangent } = ends[e];
      for (let k = 0; k < change.count; k++) objective += cotangent[change.index[k]] * change.delta[k];
    }
    return objective;
  }

  function work(): number {
    let sum = 0;
    for (const index of plan) {
      const node = graph.nodes[index];
      const whole = workOf(point, index, proofs);
      const fast = proofOf(node, proofs).perturb !== undefined;
      sum += sites[node.outputs.out].change.count;
      // Each changed element of an input causes its share of the whole evaluation.
      if (fast) for (const id of Object.values(node.inputs)) sum += whole * sites[id].change.count / sites[id].value.length;
      else sum += whole + sites[node.outputs.out].value.length;
    }
    return sum;
  }

  function compare(): string | undefined {
    for (const index of plan) {
      const node = graph.nodes[index];
      const slow = reevaluate(point, index, movedInputs(index), rounding, proofs);
      const fast = movedSite(sites[node.outputs.out]);
      const largest = slow.value.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max), 0);
      const { change } = sites[node.outputs.out];
      let step = 0;
      // A step that leaves the domain of √x or log makes NaN, in both ways.
      for (let k = 0; k < change.count; k++) if (Number.isFinite(change.delta[k])) step = Math.max(step, Math.abs(change.delta[k]));
      for (let i = 0; i < slow.value.length; i++) {
        // 1e-6 of the step, since a forgotten or wrong element errs by about the step; and rounding of the slow way: float64's is that
        // of float32 code, 2^29 times finer (a small loss is the difference of two logarithms that are large against it).
        const noise = 1e-12 * largest + 2 ** -27 * Math.sqrt(slow.variance[i]);
        const same = Object.is(slow.value[i], fast.value[i]) || Math.abs(slow.value[i] - fast.value[i]) <= 1e-6 * step + (Number.isNaN(noise) ? 0 : noise);
        if (!same) {
          return `${node.op} '${node.label}': sparse re-evaluation gives ${fast.value[i]} at element ${i}, the whole op ${slow.value[i]}`;
        }
      }
    }
    return undefined;
  }

  return { select, nudge, nudgeAlong, work, compare };
}

function movedSite(site: Site): RefTensor {
  const moved = zeros(site.shape);
  moved.value.set(site.value);
  for (let k = 0; k < site.change.count; k++) moved.value[site.change.index[k]] += site.change.delta[k];
  return moved;
}
