import { complexAdd, complexDiv, complexMapped, complexMul, complexScale, complexSqrt } from '../reference/complex.ts';
import type { Complex, ComplexTensor } from '../reference/complex.ts';
import { addDelta, deltaAt } from './change.ts';
import type { Groups } from './normalization.ts';
import type { Place } from './proof.ts';

/** y·weight + bias for complex inputs, with the statistics of their groups. */
export function complexNormalized(
  { x, weight, bias }: Readonly<Record<string, ComplexTensor>>, { group, channel, groups, size }: Groups, eps: number, centred: boolean,
): ComplexTensor {
  const sumsOf = (of: (z: Complex, i: number) => Complex): Complex[] => {
    const sums = Array.from({ length: groups }, (): Complex => ({ re: 0, im: 0 }));
    x.re.forEach((re, i) => { sums[group[i]] = complexAdd(sums[group[i]], of({ re, im: x.im[i] }, i)); });
    return sums.map((sum) => complexScale(sum, 1 / size));
  };
  const means = centred ? sumsOf((z) => z).map((mean) => complexScale(mean, -1)) : undefined;
  const difference = (z: Complex, i: number): Complex => (means ? complexAdd(z, means[group[i]]) : z);
  const roots = sumsOf((z, i) => complexMul(difference(z, i), difference(z, i))).map((variance) => complexSqrt({ re: variance.re + eps, im: variance.im }));
  return complexMapped(x, (z, i) => complexAffine(complexDiv(difference(z, i), roots[group[i]]), channel[i], weight, bias));
}

/** y·weight + bias. */
export function complexAffine(y: Complex, c: number, weight: ComplexTensor | undefined, bias: ComplexTensor | undefined): Complex {
  const product = weight ? complexMul(y, { re: weight.re[c], im: weight.im[c] }) : y;
  return bias ? complexAdd(product, { re: bias.re[c], im: bias.im[c] }) : product;
}

/**
 * What a sparse change does. With d = x − mean, a change δ of x moves the mean by Σ δ/n and the variance by
 * Σ (2·d·δ + δ²)/n − (Σ δ/n)², and so every element of the groups that it touches; a weight or bias moves its channel.
 */
export function normalizationChange({ inputs: { x, weight, bias }, out }: Place, { group, channel, groups, channels, size }: Groups, eps: number, centred: boolean): () => void {
  const members = listsOf(group, groups);
  const channelMembers = listsOf(channel, channels);
  const mean = new Float64Array(groups);
  const variance = new Float64Array(groups);
  if (centred) x.value.forEach((value, i) => { mean[group[i]] += value / size; });
  const difference = x.value.map((value, i) => value - mean[group[i]]);
  difference.forEach((d, i) => { variance[group[i]] += d * d / size; });
  const rstd = variance.map((one) => 1 / Math.sqrt(one + eps));
  const shift = new Float64Array(groups);
  const spread = new Float64Array(groups);
  const touched: number[] = [];
  const isTouched = new Uint8Array(groups);
  const changeOfParameters = (i: number, deltaY: number): number => {
    const c = channel[i];
    const y = difference[i] * rstd[group[i]];
    const w = weight ? weight.value[c] : 1;
    const deltaWeight = weight ? deltaAt(weight.change, c) : 0;
    return deltaY * (w + deltaWeight) + y * deltaWeight + (bias ? deltaAt(bias.change, c) : 0);
  };
  return () => {
    out.change.count = 0;
    touched.length = 0;
    for (let k = 0; k < x.change.count; k++) {
      const i = x.change.index[k];
      const g = group[i];
      if (!isTouched[g]) {
        isTouched[g] = 1;
        touched.push(g);
        shift[g] = 0;
        spread[g] = 0;
      }
      const delta = x.change.delta[k];
      if (centred) shift[g] += delta / size;
      spread[g] += (2 * difference[i] + delta) * delta / size;
    }
    for (const g of touched) {
      const deltaVariance = spread[g] - shift[g] ** 2;
      const deltaRoot = rstd[g] * Math.expm1(-0.5 * Math.log1p(deltaVariance / (variance[g] + eps)));
      for (const i of members[g]) {
        const deltaY = difference[i] * deltaRoot + (deltaAt(x.change, i) - shift[g]) * (rstd[g] + deltaRoot);
        addDelta(out.change, i, changeOfParameters(i, deltaY));
      }
    }
    const alone = (c: number): void => {
      for (const i of channelMembers[c]) if (!isTouched[group[i]] && deltaAt(out.change, i) === 0) addDelta(out.change, i, changeOfParameters(i, 0));
    };
    if (weight) for (let k = 0; k < weight.change.count; k++) alone(weight.change.index[k]);
    if (bias) for (let k = 0; k < bias.change.count; k++) alone(bias.change.index[k]);
    for (const g of touched) isTouched[g] = 0;
  };
}

function listsOf(map: Int32Array, count: number): readonly number[][] {
  const lists: number[][] = Array.from({ length: count }, () => []);
  map.forEach((to, i) => lists[to].push(i));
  return lists;
}
