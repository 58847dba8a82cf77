import { scoreOf } from '../reference/attention.ts';
import type { AttentionShape } from '../reference/attention.ts';
import { complexAdd, complexDiv, complexExp, complexMul, complexScale, complexZeros } from '../reference/complex.ts';
import type { Complex, ComplexTensor } from '../reference/complex.ts';
import { addDelta } from './change.ts';
import type { Site } from './proof.ts';

// Other ways to the same output: over complex numbers, and again after a small change.

const at = ({ re, im }: ComplexTensor, i: number): Complex => ({ re: re[i], im: im[i] });

/** The output for complex inputs; which keys are hidden is decided by the real parts. */
export function complexAttention(inputs: Readonly<Record<string, ComplexTensor>>, shape: AttentionShape): ComplexTensor {
  const { query, key, value, mask } = inputs as typeof inputs & { mask?: ComplexTensor };
  const { matrices, group, queries, keys, depth, width, scale, maskKind, maskMap } = shape;
  const out = complexZeros([...query.shape.slice(0, -1), width]);
  for (let row = 0; row < matrices * queries; row++) {
    const shared = Math.floor(Math.floor(row / queries) / group);
    const scores: (Complex | undefined)[] = [];
    for (let s = 0; s < keys; s++) {
      let dot: Complex = { re: 0, im: 0 };
      for (let i = 0; i < depth; i++) dot = complexAdd(dot, complexMul(at(query, row * depth + i), at(key, (shared * keys + s) * depth + i)));
      const isSeen = scoreOf(shape, row, s, dot.re, mask?.re) !== undefined;
      const added = mask && maskMap && maskKind === 'additive' ? at(mask, maskMap[row * keys + s]) : { re: 0, im: 0 };
      scores.push(isSeen ? complexAdd(complexScale(dot, scale), added) : undefined);
    }
    const largest = scores.reduce((most, score) => Math.max(most, score?.re ?? -Infinity), -Infinity);
    const weights = scores.map((score) => (score ? complexExp({ re: score.re - largest, im: score.im }) : { re: 0, im: 0 }));
    const total = weights.reduce(complexAdd, { re: 0, im: 0 });
    if (total.re === 0) continue;
    for (let j = 0; j < width; j++) {
      let sum: Complex = { re: 0, im: 0 };
      for (let s = 0; s < keys; s++) sum = complexAdd(sum, complexMul(weights[s], at(value, (shared * keys + s) * width + j)));
      const { re, im } = complexDiv(sum, total);
      out.re[row * width + j] = re;
      out.im[row * width + j] = im;
    }
  }
  return out;
}

/** Evaluates the rows again that a change of the inputs reaches: a query's own row, and all rows that read a changed key or value. */
export function attentionChange(inputs: Readonly<Record<string, Site>>, out: Site, shape: AttentionShape): () => void {
  const { query, key, value, mask } = inputs as typeof inputs & { mask?: Site };
  const { matrices, group, queries, keys, depth, width } = shape;
  const sites = [query, key, value, ...(mask ? [mask] : [])];
  const moved = sites.map(({ value: base }) => Float64Array.from(base));
  const [q, k, v, given] = moved;
  const isTouched = new Uint8Array(matrices * queries);
  const weights = new Float64Array(keys);
  const sums = new Float64Array(width);
  const base = Float64Array.from(out.value);

  function evaluate(row: number): void {
    const shared = Math.floor(Math.floor(row / queries) / group);
    let largest = -Infinity;
    for (let s = 0; s < keys; s++) {
      let dot = 0;
      for (let i = 0; i < depth; i++) dot += q[row * depth + i] * k[(shared * keys + s) * depth + i];
      weights[s] = scoreOf(shape, row, s, dot, given) ?? -Infinity;
      largest = Math.max(largest, weights[s]);
    }
    let total = 0;
    sums.fill(0);
    for (let s = 0; s < keys && largest > -Infinity; s++) {
      const weight = Math.exp(weights[s] - largest);
      total += weight;
      for (let j = 0; j < width; j++) sums[j] += weight * v[(shared * keys + s) * width + j];
    }
    for (let j = 0; j < width; j++) sums[j] = total > 0 ? sums[j] / total : 0;
  }
  // The base point by the very same arithmetic, so that an unchanged row changes by exactly 0.
  for (let row = 0; row < matrices * queries; row++) {
    evaluate(row);
    base.set(sums, row * width);
  }

  return () => {
    out.change.count = 0;
    isTouched.fill(mask && mask.change.count > 0 ? 1 : 0);
    for (let site = 0; site < sites.length; site++) {
      const { change } = sites[site];
      for (let c = 0; c < change.count; c++) moved[site][change.index[c]] += change.delta[c];
    }
    for (let c = 0; c < query.change.count; c++) isTouched[Math.floor(query.change.index[c] / depth)] = 1;
    for (const [site, columns] of [[key, depth], [value, width]] as const) {
      for (let c = 0; c < site.change.count; c++) {
        const first = Math.floor(site.change.index[c] / (keys * columns)) * group * queries;
        isTouched.fill(1, first, first + group * queries);
      }
    }
    for (let row = 0; row < isTouched.length; row++) {
      if (isTouched[row] === 0) continue;
      evaluate(row);
      for (let j = 0; j < width; j++) {
        const delta = sums[j] - base[row * width + j];
        if (delta !== 0) addDelta(out.change, row * width + j, delta);
      }
    }
    for (let site = 0; site < sites.length; site++) {
      const { change } = sites[site];
      for (let c = 0; c < change.count; c++) moved[site][change.index[c]] = sites[site].value[change.index[c]];
    }
  };
}
