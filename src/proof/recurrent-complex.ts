import { complexAdd, complexMul, complexScale, complexSigmoid, complexTanh, complexZeros } from '../reference/complex.ts';
import type { Complex, ComplexTensor } from '../reference/complex.ts';
import type { Options } from './proof.ts';

/** One kind of cell on complex numbers: the new h, and for an LSTM the new c. */
type ComplexUnit = (x: readonly Complex[], a: readonly Complex[], h: Complex, c: Complex, isOn: boolean) => readonly Complex[];

const ONE: Complex = { re: 1, im: 0 };
const sum = (x: readonly Complex[], a: readonly Complex[], gate: number): Complex => complexAdd(x[gate], a[gate]);

export const COMPLEX_UNITS: Readonly<Record<'elman' | 'elmanRelu' | 'gru' | 'lstm', ComplexUnit>> = {
  elman: (x, a) => [complexTanh(sum(x, a, 0))],
  elmanRelu: (x, a, _h, _c, isOn) => [isOn ? sum(x, a, 0) : { re: 0, im: 0 }],
  gru: (x, a, h) => {
    const update = complexSigmoid(sum(x, a, 1));
    const candidate = complexTanh(complexAdd(x[2], complexMul(complexSigmoid(sum(x, a, 0)), a[2])));
    return [complexAdd(complexMul(complexAdd(ONE, complexScale(update, -1)), candidate), complexMul(update, h))];
  },
  lstm: (x, a, _h, c) => {
    const cell = complexAdd(complexMul(complexSigmoid(sum(x, a, 1)), c), complexMul(complexSigmoid(sum(x, a, 0)), complexTanh(sum(x, a, 2))));
    return [complexMul(complexSigmoid(sum(x, a, 3)), complexTanh(cell)), cell];
  },
};

/** The states at every time for complex inputs, [batch, time, states · hidden]. */
export function recurrentComplex(
  unit: ComplexUnit, gates: number, states: number, inputs: Readonly<Record<string, ComplexTensor>>, options: Options, branches?: Uint8Array,
): ComplexTensor {
  const { x, weight, bias, initialHidden, initialCell } = inputs as Readonly<Record<'x' | 'weight', ComplexTensor>> & Readonly<Record<string, ComplexTensor | undefined>>;
  const [batch, time] = x.shape;
  const hidden = weight.shape[1];
  const out = complexZeros([batch, time, states * hidden]);
  const at = (tensor: ComplexTensor | undefined, i: number): Complex => (tensor ? { re: tensor.re[i], im: tensor.im[i] } : { re: 0, im: 0 });
  for (let row = 0; row < batch; row++) {
    let h = Array.from({ length: hidden }, (_, j) => at(initialHidden, row * hidden + j));
    let c = Array.from({ length: hidden }, (_, j) => at(initialCell, row * hidden + j));
    for (let step = 0; step < time; step++) {
      const place = row * time + (options.reverse === true ? time - 1 - step : step);
      const next = Array.from({ length: hidden }, (_, j) => {
        const [own, fromState]: [Complex[], Complex[]] = [[], []];
        for (let gate = 0; gate < gates; gate++) {
          const r = gate * hidden + j;
          let [re, im] = [bias?.re[r] ?? 0, bias?.im[r] ?? 0];
          for (let k = 0; k < hidden; k++) {
            const [wr, wi] = [weight.re[r * hidden + k], weight.im[r * hidden + k]];
            re += wr * h[k].re - wi * h[k].im;
            im += wr * h[k].im + wi * h[k].re;
          }
          fromState.push({ re, im });
          own.push(at(x, place * gates * hidden + r));
        }
        return unit(own, fromState, h[j], c[j], branches?.[place * hidden + j] === 1);
      });
      next.forEach((made, j) => made.forEach((value, part) => {
        const i = (place * states + part) * hidden + j;
        out.re[i] = value.re;
        out.im[i] = value.im;
      }));
      h = next.map(([value]) => value);
      c = next.map(([, value]) => value ?? { re: 0, im: 0 });
    }
  }
  return out;
}
