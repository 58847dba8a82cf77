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

/**
 * The change of the rows that a change of the inputs reaches. With scores that move by δ, e = e^δ − 1 and values that move by dv:
 * Δout = Σ p·(e·(v − out) + (1 + e)·dv) / (1 + Σ p·e) over the keys that moved, from p and out at the base point. Nothing cancels.
 */
export function attentionChange(inputs: Readonly<Record<string, Site>>, out: Site, shape: AttentionShape): () => void {
  const { query, key, value, mask } = inputs as typeof inputs & { mask?: Site };
  const { matrices, group, queries, keys, depth, width, scale, maskKind, maskMap } = shape;
  const rows = matrices * queries;
  const { p, base } = weightsAndOut(inputs, shape);
  const moves = [query, key, value].map((site) => new Float64Array(site.value.length));
  const [dq, dk, dv] = moves;
  const dmask = new Float64Array(mask?.value.length ?? 0);
  /** What has to be done for a row: nothing, the keys that moved, all keys. */
  const work = new Uint8Array(rows);
  const movedKeys = new Int32Array((matrices / group) * keys);
  const isMoved = new Uint8Array(movedKeys.length);
  const sums = new Float64Array(width);
  const users = usersOf(shape, mask?.value.length ?? 0);

  function addKey(row: number, shared: number, s: number): number {
    const weight = p[row * keys + s];
    if (weight === 0) return 0;
    const at = shared * keys + s;
    let delta = 0;
    for (let i = 0; i < depth; i++) {
      const [q, k] = [row * depth + i, at * depth + i];
      delta += dq[q] * (key.value[k] + dk[k]) + query.value[q] * dk[k];
    }
    const e = Math.expm1(scale * delta + (maskMap && maskKind === 'additive' ? dmask[maskMap[row * keys + s]] : 0));
    for (let j = 0; j < width; j++) {
      const v = at * width + j;
      sums[j] += weight * (e * (value.value[v] - base[row * width + j]) + (1 + e) * dv[v]);
    }
    return weight * e;
  }

  return () => {
    out.change.count = 0;
    work.fill(0);
    let count = 0;
    const spread = ({ change }: Site, to: Float64Array): void => {
      for (let c = 0; c < change.count; c++) to[change.index[c]] = change.delta[c];
    };
    [query, key, value].forEach((site, index) => { spread(site, moves[index]); });
    if (mask) spread(mask, dmask);
    for (const [site, columns] of [[key, depth], [value, width]] as const) {
      for (let c = 0; c < site.change.count; c++) {
        const at = Math.floor(site.change.index[c] / columns);
        if (isMoved[at] === 1) continue;
        isMoved[at] = 1;
        movedKeys[count++] = at;
        const first = Math.floor(at / keys) * group * queries;
        work.fill(1, first, first + group * queries);
      }
    }
    for (let c = 0; c < query.change.count; c++) work[Math.floor(query.change.index[c] / depth)] = 2;
    for (let c = 0; c < (mask?.change.count ?? 0); c++) {
      for (const row of users[mask!.change.index[c]]) work[row] = 2;
    }
    for (let row = 0; row < rows; row++) {
      if (work[row] === 0) continue;
      const shared = Math.floor(Math.floor(row / queries) / group);
      let total = 1;
      sums.fill(0);
      if (work[row] === 2 || count > keys) {
        for (let s = 0; s < keys; s++) total += addKey(row, shared, s);
      } else {
        for (let c = 0; c < count; c++) {
          const s = movedKeys[c] - shared * keys;
          if (s >= 0 && s < keys) total += addKey(row, shared, s);
        }
      }
      for (let j = 0; j < width; j++) if (sums[j] !== 0) addDelta(out.change, row * width + j, sums[j] / total);
    }
    for (let c = 0; c < count; c++) isMoved[movedKeys[c]] = 0;
    for (const move of [...moves, dmask]) move.fill(0);
  };
}

/** The rows that read each element of the mask. */
function usersOf({ maskMap, keys }: AttentionShape, elements: number): readonly (readonly number[])[] {
  const users: number[][] = Array.from({ length: elements }, () => []);
  maskMap?.forEach((element, place) => {
    const row = Math.floor(place / keys);
    // Places come row by row, so that a row which is there already is the last one.
    if (users[element].at(-1) !== row) users[element].push(row);
  });
  return users;
}

/** Weights and output at the base point. */
function weightsAndOut(inputs: Readonly<Record<string, Site>>, shape: AttentionShape): { p: Float64Array; base: Float64Array } {
  const { query, key, value, mask } = inputs as typeof inputs & { mask?: Site };
  const { matrices, group, queries, keys, depth, width } = shape;
  const p = new Float64Array(matrices * queries * keys);
  const base = new Float64Array(matrices * queries * width);
  for (let row = 0; row < matrices * queries; row++) {
    const shared = Math.floor(Math.floor(row / queries) / group);
    const scores = p.subarray(row * keys, (row + 1) * keys);
    for (let s = 0; s < keys; s++) {
      let dot = 0;
      for (let i = 0; i < depth; i++) dot += query.value[row * depth + i] * key.value[(shared * keys + s) * depth + i];
      scores[s] = scoreOf(shape, row, s, dot, mask?.value) ?? -Infinity;
    }
    const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
    if (largest === -Infinity) {
      scores.fill(0);
      continue;
    }
    scores.forEach((score, s) => { scores[s] = Math.exp(score - largest); });
    const total = scores.reduce((a, b) => a + b, 0);
    scores.forEach((weight, s) => {
      scores[s] = weight / total;
      for (let j = 0; j < width; j++) base[row * width + j] += scores[s] * value.value[(shared * keys + s) * width + j];
    });
  }
  return { p, base };
}
