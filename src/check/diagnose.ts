import { findCulprit } from './blame.ts';
import type { Culprit } from './blame.ts';
import { explain } from './explain.ts';
import type { Findings } from './explain-case.ts';
import { problemLine } from './problem.ts';
import type { LaunchReport, ReportData } from './report-data.ts';
import type { TensorReport } from './verdict.ts';

/** Everything that was judged: what stood in memory after the run, and what each launch wrote. */
export interface Judgements {
  readonly tensors: readonly TensorReport[];
  readonly values: readonly TensorReport[];
  readonly launches: readonly LaunchReport[];
}

/** Where anything is wrong, names the first wrong tensor with its launch and says what it looks like, if `explained`. */
export function diagnose(
  findings: Findings, { tensors, values, launches }: Judgements, explained = true,
): Pick<ReportData, 'kinks' | 'blame' | 'explanations'> {
  const { snapshot, references } = findings;
  const kinks = references.point.patterns.flatMap(({ adopted, branches }, index) => {
    const { op, label } = snapshot.graph.nodes[index];
    return adopted > 0 ? [{ node: op, label, adopted, of: branches?.length ?? 0 }] : [];
  });
  const culprit = findCulprit(findings, launches, tensors, values);
  if (!culprit) return { kinks, explanations: [] };
  return {
    kinks, blame: { ...culprit.blame, problems: problemsOf(findings, culprit) }, explanations: explained ? explain(findings, culprit, launches) : [],
  };
}

/** What a line can hold. */
const WORD = /^[\w-]+$/;

/** The culprit's ops alone: the blamed one first. */
function problemsOf({ snapshot: { graph, values, launches }, references: { point }, proofs }: Findings, { blame, work }: Culprit): string[] {
  const variant = launches.find(({ label, kernel }) => label === blame.launch?.label && kernel === blame.launch.kernel)?.variant;
  const nodes = work.map((index) => graph.nodes[index]).sort((a, b) => Number(b.label === blame.node?.label) - Number(a.label === blame.node?.label));
  const lines = nodes.flatMap(({ op, options, inputs }) => {
    const sizes = proofs[op].sizes?.measure?.({
      options,
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, id]) => {
        const given = values[id];
        return [name, { shape: graph.tensors[id].shape, data: given instanceof Uint32Array ? given : Float32Array.from(point.tensors[id].value) }];
      })),
    });
    return sizes ? [problemLine({ op, sizes, seed: 1, variants: variant && WORD.test(variant.family) && WORD.test(variant.name) ? { [variant.family]: variant.name } : {}, fusion: true })] : [];
  });
  return [...new Set(lines)];
}
