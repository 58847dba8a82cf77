import { DataError } from '../errors.ts';
import type { Snapshot } from '../program/graph.ts';
import type { RefTensor } from '../reference/tensor.ts';
import { nameOf } from './references.ts';
import type { AllReferences } from './references.ts';
import { KAPPA } from './verdict.ts';

/** Float32's largest number. */
const LARGEST = 3.4028234663852886e38;

/**
 * Refuses a net that has left float32's range: where float64 finds numbers beyond it, Infinity and NaN on the GPU are no
 * mistake of a kernel. A GPU whose numbers are all finite is judged as ever.
 */
export function checkRange(snapshot: Snapshot, { point, gradients, contributions }: AllReferences): void {
  const { graph, computed, launches } = snapshot;
  const left = [...Object.values(computed), ...Object.values(snapshot.gradients), ...launches.flatMap(({ outputs }) => outputs.map(({ data }) => data))];
  if (left.every((data) => data.every(Number.isFinite))) return;
  const refuse = (what: string, reference: RefTensor): void => {
    // A tolerance alone that is so wide makes the reference suspect: that is no divergence.
    const at = reference.value.findIndex((value, i) => Math.abs(value) > LARGEST / 2 && Math.abs(value) + KAPPA * Math.sqrt(reference.variance[i]) > LARGEST);
    if (at < 0) return;
    throw new DataError('gradient check', "numbers within float32's range", `${reference.value[at].toExponential(2)} at element ${at} of ${what}`,
      'The net had already diverged: check an earlier step.');
  };
  point.tensors.forEach((reference, tensor) => refuse(nameOf({ kind: 'value', tensor }, graph), reference));
  for (const [tensor, reference] of gradients) refuse(nameOf({ kind: 'gradient', tensor }, graph), reference);
  for (const [key, reference] of contributions) {
    const dot = key.indexOf('.');
    refuse(nameOf({ kind: 'contribution', node: Number(key.slice(0, dot)), input: key.slice(dot + 1) }, graph), reference);
  }
}
