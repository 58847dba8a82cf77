import type { Culprit } from './blame.ts';
import { sizeOf } from '../reference/tensor.ts';
import { keyOf, sourceOf } from './dependence.ts';
import { mask, maskByElement } from './explain-branches.ts';
import { caseOf, isPoison, misvalued, numbersOf, plural } from './explain-case.ts';
import type { Case, Finding, Findings } from './explain-case.ts';
import { edge, region } from './explain-place.ts';
import { rowFactors, wrongAxis } from './explain-sums.ts';
import { wrongTerms } from './explain-terms.ts';
import { upstreamOnly } from './explain-upstream.ts';
import { factor, neverWritten, otherNumbers, staleNumbers, transposed, zeroBlock } from './explain-whole.ts';
import type { Explanation, LaunchReport } from './report-data.ts';
import { isWrong } from './verdict.ts';

/** The explanations by how much they say: each leaves nothing beyond tolerance unexplained. */
const EXPLANATIONS: readonly ((one: Case) => Finding[])[] = [
  staleNumbers, factor, transposed, mask, otherNumbers, wrongTerms, wrongAxis, rowFactors, zeroBlock, edge, maskByElement, region,
];

/** Those that look at the numbers alone, and so serve working memory, too. */
const OF_NUMBERS: readonly ((one: Case) => Finding[])[] = [factor, zeroBlock, edge];

/** What the first wrong tensor looks like, the best explanation first. */
export function explain(findings: Findings, culprit: Culprit, launches: readonly LaunchReport[]): Explanation[] {
  const one = caseOf(findings, culprit);
  const inMemory = culprit.memory ? ofMemory(one, culprit.memory) : [];
  const unwritten = neverWritten(one);
  const [poison, ...doubts] = unwritten;
  // Where poison stands alone, its place says more than how it may have got there.
  const others = misvalued(one).length > 0 ? EXPLANATIONS.flatMap((attempt) => attempt(one)) : poison?.symptom === 'unwritten' ? edge(one) : [];
  // One number says little: what else its node made wrong may say more.
  if (one.gpu.length === 1 && others.length === 0 && !poison) others.push(...siblings(findings, culprit, launches));
  const found = [...(poison ? [poison] : []), ...inMemory, ...others, ...doubts];
  if (misvalued(one).length > 0 && others.length === 0) found.push(...formula(one));
  found.push(...upstreamOnly(one, launches));
  const seen = new Set<string>();
  return found.filter(({ symptom }) => !seen.has(symptom) && seen.add(symptom)).map(({ symptom, text }) => ({ symptom, tensor: one.name, text }));
}

/** What working memory looks like that spoils the tensor. */
function ofMemory(one: Case, { name, gpu, shape, reference: { value, variance } }: NonNullable<Culprit['memory']>): Finding[] {
  const memory = numbersOf({ ...one, name }, gpu, shape, value, variance);
  return OF_NUMBERS.flatMap((attempt) => attempt(memory)).map(({ symptom, text }) => ({ symptom, text: `${name}, from which it is made: ${text}` }));
}

/** What other wrong tensors of the same node look like. */
function siblings(findings: Findings, culprit: Culprit, launches: readonly LaunchReport[]): Finding[] {
  const { graph, launches: records } = findings.snapshot;
  for (const [launch, { outputs, label }] of launches.entries()) {
    for (const output of outputs) {
      if (!isWrong(output) || sizeOf(output.shape) < 2 || sourceOf(graph, output.meaning, label) !== culprit.node) continue;
      const record = records[launch].outputs.find(({ meaning }) => meaning && keyOf(meaning) === keyOf(output.meaning));
      if (!record) continue;
      const sibling = caseOf(findings, { ...culprit, meaning: output.meaning, gpu: record.data, launch });
      return EXPLANATIONS.flatMap((attempt) => attempt(sibling)).map(({ symptom, text }) => ({ symptom, text: `${output.name}: ${text}` }));
    }
  }
  return [];
}

/** None of the patterns: how far the numbers are from the right ones. */
function formula(one: Case): Finding[] {
  const { gpu, value, wrong } = one;
  let ofGpu = 0;
  let ofReference = 0;
  let inner = 0;
  gpu.forEach((found, i) => {
    if (isPoison(one, i)) return;
    ofGpu += found * found;
    ofReference += value[i] * value[i];
    inner += found * value[i];
  });
  const notNumbers = wrong.filter((i) => !isPoison(one, i) && !Number.isFinite(gpu[i])).length;
  const size = notNumbers > 0 ? `${plural(notNumbers, 'element')} not finite`
    : `norm ${Number(Math.sqrt(ofGpu / ofReference).toPrecision(4))} times the right one, cosine ${Number((inner / Math.sqrt(ofGpu * ofReference)).toPrecision(6))}`;
  const where = wrong.length > gpu.length / 2 ? `wrong nearly everywhere (${wrong.length} of ${gpu.length})` : `wrong at ${plural(wrong.length, 'element')} of ${gpu.length}, in no place of a known kind`;
  const text = `${where}, ${size}: a wrong or a missing term`;
  const found: Finding[] = [{ symptom: 'formula', text }];
  // A single number is some factor of the right one: it cannot tell the two apart.
  if (gpu.length === 1 && Number.isFinite(gpu[0]) && value[0] !== 0) found.push({ symptom: 'factor', text: `or a factor of ${Number((gpu[0] / value[0]).toPrecision(6))}: one number cannot tell` });
  return found;
}
