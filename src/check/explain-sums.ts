import { fits, misvalued, plural } from './explain-case.ts';
import type { Case, Finding } from './explain-case.ts';
import { preparationsOf } from './working-memory.ts';

/** Sums of the right length over the wrong elements: along another axis, or over neighbours in memory. */
export function wrongAxis(one: Case): Finding[] {
  if (misvalued(one).length < 2) return [];
  const { gpu, value } = one;
  const n = gpu.length;
  for (const { data, name } of sources(one)) {
    const size = data.length / n;
    if (!Number.isInteger(size) || size < 2) continue;
    const right = layouts(n).map((inner) => sums(data, n, size, inner, inner));
    const scale = right.map((sum) => value[0] / sum[0]).find((by, at) => value.every((expected, i) => Math.abs(expected - by * right[at][i]) <= 1e-4 * (Math.abs(expected) + 1e-30)));
    for (const inner of layouts(n)) {
      for (const [stride, text] of [[inner, 'over another axis'], [1, 'over neighbours in memory']] as const) {
        const mistaken = sums(data, n, size, inner, stride);
        for (const by of new Set([scale ?? 1, 1, 1 / size])) {
          if (fits(one, (i) => by * mistaken[i], (i) => one.sigma[i] + 1e-6 * Math.abs(by * mistaken[i]))) {
            return [{ symptom: 'reduction', text: `sums of ${name} ${text}` }];
          }
        }
      }
    }
  }
  return [];
}

/** What the sums may be of: working memory, the inputs, and what arrives from above. */
function sources({ snapshot, launch, references: { point, gradients }, work, meaning, gpu }: Case): { data: ArrayLike<number>; name: string }[] {
  const { nodes, tensors } = snapshot.graph;
  const memory = launch === undefined ? undefined : preparationsOf(snapshot, launch, gpu.length)[0]?.output;
  return [
    ...(memory ? [{ data: memory.data, name: memory.binding }] : []),
    ...work.flatMap((index) => Object.values(nodes[index].inputs).map((id) => ({ data: point.tensors[id].value, name: tensors[id].name }))),
    ...(meaning.kind === 'value' ? [] : work.flatMap((index) => Object.values(nodes[index].outputs).flatMap((id) => {
      const gradient = gradients.get(id);
      return gradient ? [{ data: gradient.value, name: `d ${tensors[id].name}` }] : [];
    }))),
  ];
}

/** The sizes that the axes after the summed ones may have together. */
function layouts(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1).filter((inner) => n % inner === 0);
}

function sums(data: ArrayLike<number>, n: number, size: number, inner: number, stride: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    const start = Math.floor(i / inner) * size * inner + i % inner;
    let sum = 0;
    for (let r = 0; r < size; r++) sum += data[start + r * stride] ?? NaN;
    return sum;
  });
}

/**
 * Every row off by a factor of its own: a number that belongs to the whole row, like a sum over it, is wrong. One element of
 * a row may be special, like that of a label: the text counts them. Where one factor serves all rows, `factor` says so.
 */
export function rowFactors(one: Case): Finding[] {
  const { gpu, value, sigma, shape, wrong, isWrong } = one;
  const columns = shape[shape.length - 1] ?? 1;
  if (shape.length < 1 || columns < 3 || misvalued(one).length < 3) return [];
  const factors: number[] = [];
  let explained = 0;
  let excused = 0;
  for (let start = 0; start < gpu.length; start += columns) {
    const row = [...Array(columns).keys()].map((c) => start + c);
    const ratios = row.filter((i) => Math.abs(value[i]) > 20 * sigma[i]).map((i) => gpu[i] / value[i]).sort((a, b) => a - b);
    const mistaken = row.filter((i) => isWrong[i] === 1);
    if (mistaken.length === 0) continue;
    const by = ratios[ratios.length >> 1];
    if (ratios.length < 2 || !Number.isFinite(by) || by === 0) return [];
    const outside = row.filter((i) => !(Math.abs(gpu[i] - by * value[i]) <= 6 * Math.max(1, Math.abs(by)) * sigma[i] + 1e-6 * Math.abs(by * value[i])));
    // A row whose other elements are right, or with more than one exception, has no factor.
    if (outside.length > 1 || mistaken.every((i) => outside.includes(i))) return [];
    factors.push(by);
    explained += mistaken.filter((i) => !outside.includes(i)).length;
    excused += outside.filter((i) => isWrong[i] === 1).length;
  }
  const least = Math.min(...factors);
  const most = Math.max(...factors);
  const alike = !(most - least > 1e-4 * Math.max(Math.abs(least), Math.abs(most)));
  if (factors.length === 0 || explained + excused < wrong.length || (alike && factors.length === gpu.length / columns)) return [];
  const spread = `from ${Number(least.toPrecision(3))} to ${Number(most.toPrecision(3))}${excused > 0 ? `, but for ${plural(excused, 'element')}, at most one in a row` : ''}`;
  return [
    { symptom: 'reduction', text: `each row is off by a factor of its own, ${spread}: a sum or another number that the whole row shares is wrong` },
    { symptom: 'factor', text: `one factor for each row, ${spread}` },
  ];
}
