import type { LaunchOutput, Meaning, Snapshot } from '../program/graph.ts';
import { dependents, keyOf } from './dependence.ts';
import { downstream } from './downstream.ts';
import type { Grounded } from './grounded.ts';
import type { Proofs } from './point.ts';
import { nameOf, referenceOf, tensorOf, unadoptedOf } from './references.ts';
import type { AllReferences } from './references.ts';
import type { LaunchOutputReport, LaunchReport } from './report-data.ts';
import { judge } from './verdict.ts';
import type { TensorReport } from './verdict.ts';

/**
 * The gradients whose reference is in doubt, as keys. Where a tensor's is, the analytic gradient may have gone wrong anywhere
 * on the way to it from the objective, and with it all that is made from that; but not where the way leads on to a tensor whose
 * gradient forward code has certified.
 */
export function doubtBehind(snapshot: Snapshot, tensors: readonly TensorReport[], proofs: Proofs): Set<string> {
  const { graph } = snapshot;
  const certified = tensors.filter(({ suspect, coverage, verdict }) => suspect === 0 && coverage && verdict !== 'nothing-to-check' && verdict !== 'below-noise');
  const trusted = new Set(certified.flatMap(({ id }) => [...downstream(snapshot, id, proofs).reached]));
  const found = new Set<string>();
  const doubt = (meaning: Meaning): void => dependents(graph, meaning).forEach((key) => found.add(key));
  for (const { id } of tensors.filter(({ suspect }) => suspect > 0)) {
    const { nodes, reached } = downstream(snapshot, id, proofs);
    const doubtful = (tensor: number): boolean => tensor === id || (reached.has(tensor) && !trusted.has(tensor));
    for (const tensor of reached) if (doubtful(tensor)) doubt({ kind: 'gradient', tensor });
    for (const node of nodes) {
      for (const [input, tensor] of Object.entries(graph.nodes[node].inputs)) if (doubtful(tensor)) doubt({ kind: 'contribution', node, input });
    }
  }
  for (const { id } of certified) found.delete(keyOf({ kind: 'gradient', tensor: id }));
  return found;
}

/**
 * Compares every tensor that a launch wrote with the reference, by the rule that gradients are judged by. Where the reference
 * is in doubt (`doubtful`, keys of gradients), it convicts nobody: there only poison and what is no number are wrong. With
 * `grounded`, what is right by the numbers that its launch had read is right.
 */
export function judgeLaunches(snapshot: Snapshot, references: AllReferences, doubtful: ReadonlySet<string>, grounded?: Grounded): LaunchReport[] {
  const { graph } = snapshot;
  const judged = ({ data }: LaunchOutput, meaning: Meaning): LaunchOutputReport => {
    const { shape, value, variance } = referenceOf(meaning, references);
    const name = nameOf(meaning, graph);
    const { verdict, worstSigma, worst, failed, unwritten } = judge({
      id: tensorOf(meaning, graph), name, shape, gpu: data, reference: value, variance,
      firmVariance: referenceOf(meaning, references.certain).variance, unadopted: unadoptedOf(meaning, references),
      grounded: grounded?.get(keyOf(meaning)),
    });
    const unmistakable = unwritten > 0 || data.some((of, i) => !Number.isFinite(of) && Number.isFinite(value[i]));
    if (doubtful.has(keyOf(meaning)) && failed > 0 && !unmistakable) return { name, meaning, shape, verdict: 'reference-suspect', worstSigma };
    return { name, meaning, shape, verdict, worstSigma, ...(failed > 0 && worst ? { worst } : {}) };
  };
  return snapshot.launches.map(({ label, kernel, outputs }) => ({
    label, kernel, outputs: outputs.flatMap((output) => (output.meaning ? [judged(output, output.meaning)] : [])),
  }));
}
