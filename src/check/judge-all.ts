import type { Certificate } from './certify.ts';
import { gradientOf } from './analytic.ts';
import type { Judgements } from './diagnose.ts';
import type { Findings } from './explain-case.ts';
import { groundedReferences } from './grounded.ts';
import type { Grounded } from './grounded.ts';
import { keyOf } from './dependence.ts';
import { doubtBehind, judgeLaunches } from './judge-launches.ts';
import { unadoptedOf } from './references.ts';
import { isWrong, judge } from './verdict.ts';
import type { TensorReport } from './verdict.ts';

/**
 * Judges the gradients that were certified, the forward values, and all that launches wrote. Where anything is outside its
 * tolerance, all is judged once more by what each launch had read: then only what some launch has made wrong is wrong.
 */
export function judgeAll(findings: Findings, certificates: ReadonlyMap<number, Certificate>): Judgements {
  const judgements = judgeBy(findings, certificates);
  const { tensors, values, launches } = judgements;
  const wrong = [...tensors, ...values, ...launches.flatMap(({ outputs }) => outputs)].some(isWrong);
  return wrong && findings.snapshot.launches.length > 0 ? judgeBy(findings, certificates, groundedReferences(findings)) : judgements;
}

function judgeBy(findings: Findings, certificates: ReadonlyMap<number, Certificate>, grounded?: Grounded): Judgements {
  const { snapshot, references } = findings;
  const tensors = [...certificates].map(([id, certificate]): TensorReport => {
    const { name, shape } = snapshot.graph.tensors[id];
    const reference = gradientOf(references.gradients, snapshot, id);
    return judge({
      id, name, shape, gpu: snapshot.gradients[id], reference: reference.value, variance: reference.variance,
      firmVariance: gradientOf(references.certain.gradients, snapshot, id).variance, certificate,
      unadopted: unadoptedOf({ kind: 'gradient', tensor: id }, references), grounded: grounded?.get(keyOf({ kind: 'gradient', tensor: id })),
    });
  });
  const values = Object.entries(snapshot.computed).map(([key, gpu]): TensorReport => {
    const id = Number(key);
    const { value, variance } = references.point.tensors[id];
    const { name, shape } = snapshot.graph.tensors[id];
    return judge({ id, name, shape, gpu, reference: value, variance, firmVariance: variance, grounded: grounded?.get(keyOf({ kind: 'value', tensor: id })) });
  });
  return { tensors, values, launches: judgeLaunches(snapshot, references, doubtBehind(snapshot, tensors, findings.proofs), grounded) };
}
