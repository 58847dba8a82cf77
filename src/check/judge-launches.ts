import type { LaunchOutput, Meaning, Snapshot } from '../program/graph.ts';
import { nameOf, referenceOf, tensorOf, unadoptedOf } from './references.ts';
import type { AllReferences } from './references.ts';
import type { LaunchOutputReport, LaunchReport } from './report-data.ts';
import { judge } from './verdict.ts';

/**
 * Compares every tensor that a launch wrote with the reference, by the rule that gradients are judged by. Where the witnesses
 * disagree about some gradient (`doubtful`), the analytic one convicts nobody: only forward values can fail then.
 */
export function judgeLaunches(snapshot: Snapshot, references: AllReferences, doubtful: boolean): LaunchReport[] {
  const { graph } = snapshot;
  const judged = ({ data }: LaunchOutput, meaning: Meaning): LaunchOutputReport => {
    const { shape, value, variance } = referenceOf(meaning, references);
    const name = nameOf(meaning, graph);
    const { verdict, worstSigma, worst, failed } = judge({
      id: tensorOf(meaning, graph), name, shape, gpu: data, reference: value, variance,
      firmVariance: referenceOf(meaning, references.certain).variance, unadopted: unadoptedOf(meaning, references),
    });
    if (doubtful && meaning.kind !== 'value' && verdict === 'fail') return { name, meaning, shape, verdict: 'reference-suspect', worstSigma };
    return { name, meaning, shape, verdict, worstSigma, ...(failed > 0 && worst ? { worst } : {}) };
  };
  return snapshot.launches.map(({ label, kernel, outputs }) => ({
    label, kernel, outputs: outputs.flatMap((output) => (output.meaning ? [judged(output, output.meaning)] : [])),
  }));
}
