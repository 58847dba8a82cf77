import { variantNames } from '../ops/index.ts';
import { findCulprit } from './blame.ts';
import type { Culprit } from './blame.ts';
import { explain } from './explain.ts';
import type { Findings } from './explain-case.ts';
import { judgeLaunches } from './judge-launches.ts';
import { problemLine } from './problem.ts';
import type { ReportData } from './report-data.ts';
import type { TensorReport } from './verdict.ts';

/**
 * Judges every launch and, where anything is wrong, names the first wrong tensor with its launch and says what it looks
 * like. `tensors` and `values` are the judgements of what stood in memory after the run.
 */
export function diagnose(
  findings: Findings, tensors: readonly TensorReport[], values: readonly TensorReport[],
): Pick<ReportData, 'launches' | 'kinks' | 'blame' | 'explanations'> {
  const { snapshot, references } = findings;
  const launches = judgeLaunches(snapshot, references, tensors.some(({ suspect }) => suspect > 0));
  const kinks = references.point.patterns.flatMap(({ adopted }, index) => {
    const { op, label } = snapshot.graph.nodes[index];
    return adopted > 0 ? [{ node: op, label, adopted }] : [];
  });
  const culprit = findCulprit(findings, launches, tensors, values);
  if (!culprit) return { launches, kinks, explanations: [] };
  return {
    launches, kinks, blame: { ...culprit.blame, problems: problemsOf(findings, culprit) }, explanations: explain(findings, culprit, launches),
  };
}

/** The culprit's ops alone: the blamed one first. */
function problemsOf({ snapshot: { graph, values }, references: { point }, proofs }: Findings, { blame, work }: Culprit): string[] {
  const kernel = blame.launch?.kernel ?? '';
  const forced = Object.entries(variantNames).flatMap(([family, names]) =>
    names.filter((variant) => kernel.startsWith(family) && kernel.endsWith(`/${variant}`)).map((variant) => [family, variant]));
  const nodes = work.map((index) => graph.nodes[index]).sort((a, b) => Number(b.label === blame.node?.label) - Number(a.label === blame.node?.label));
  const lines = nodes.flatMap(({ op, options, inputs }) => {
    const sizes = proofs[op].sizes?.measure?.({
      options,
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, id]) => {
        const given = values[id];
        return [name, { shape: graph.tensors[id].shape, data: given instanceof Uint32Array ? given : Float32Array.from(point.tensors[id].value) }];
      })),
    });
    return sizes ? [problemLine({ op, sizes, seed: 1, variants: Object.fromEntries(forced), fusion: true })] : [];
  });
  return [...new Set(lines)];
}
