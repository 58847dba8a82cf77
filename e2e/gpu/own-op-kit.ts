// Runs in the page: an op as somebody outside of the library would write it, with two kernels and a proof.
import { addDelta, filled, normals, ROUNDING, withoutLastLane, zeros, type Proof } from '../../src/gradcheck.ts';
import { arrayType, defineOp, laneKernel, sizeOf, type KernelFamily, type Op } from '../../src/kernels.ts';

interface Spec { readonly count: number }

const kernel = (name: string, formula: string, inputs: readonly string[], output: string, expression: string) => ({ count }: Spec) => laneKernel({
  name, formula, count,
  declarations: [...inputs.map((input) => ({ name: input, access: 'read' as const, type: arrayType(count) })), { name: output, access: 'write' as const, type: arrayType(count) }],
  body: `${output}[lane] = ${expression};`,
});

/** y = max(x, 0)² under any name, with other text in its kernels. */
export function opWith(name: string, code: { readonly forward?: string; readonly backward?: string }): Op {
  const text = code.forward ?? 'max(x[lane], 0.0) * max(x[lane], 0.0)';
  const forward: KernelFamily<Spec> = {
    name: 'squared-relu',
    variants: [
      { name: 'vector', suits: ({ count }) => count % 4 === 0, kernel: kernel('squared-relu/vector', 'out = max(x, 0)²', ['x'], 'out', text.replaceAll('max(x[lane], 0.0)', 'select(0.0, x[lane], x[lane] > 0.0)')) },
      { name: 'lane', suits: () => true, kernel: kernel('squared-relu/lane', 'out = max(x, 0)²', ['x'], 'out', text) },
    ],
  };
  const backward: KernelFamily<Spec> = {
    name: 'squared-relu-backward',
    variants: [{ name: 'lane', suits: () => true, kernel: kernel('squared-relu-backward/lane', 'dx = 2 max(x, 0) dout', ['x', 'dout'], 'dx', code.backward ?? '2.0 * max(x[lane], 0.0) * dout[lane]') }],
  };
  return {
    name,
    inputs: ['x'],
    families: [forward, backward],
    shapes: ({ x }) => ({ out: x!.shape }),
    forward: ({ inputs: { x }, outputs: { out } }) => [{ family: forward, spec: { count: sizeOf(x!.shape) }, reads: { x: x! }, writes: { out: out! } }],
    backward: ({ inputs: { x }, gradients: { out: dout }, wanted }) => ({
      requests: wanted.x ? [{ family: backward, spec: { count: sizeOf(x!.shape) }, reads: { x: x!, dout: dout! }, writes: { dx: wanted.x } }] : [],
    }),
  };
}

export const squaredRelu = defineOp(opWith('squaredRelu', {}));

const square = (x: number): number => Math.max(x, 0) ** 2;

export const proof: Proof = {
  differentiable: ['x'],
  forward: ({ x }) => {
    const out = zeros(x.shape);
    x.value.forEach((at, i) => {
      out.value[i] = square(at);
      out.variance[i] = (2 * Math.max(at, 0)) ** 2 * x.variance[i]! + (ROUNDING * out.value[i]!) ** 2;
    });
    return out;
  },
  backward: ({ x }, _out, dout) => {
    const gradient = zeros(x.shape);
    x.value.forEach((at, i) => {
      const slope = 2 * Math.max(at, 0);
      gradient.value[i] = slope * dout.value[i]!;
      gradient.variance[i] = slope ** 2 * dout.variance[i]! + (at > 0 ? 4 * dout.value[i]! ** 2 * x.variance[i]! : 0) + 2 * (ROUNDING * gradient.value[i]!) ** 2;
    });
    return { x: gradient };
  },
  perturb: ({ inputs: { x }, out }) => () => {
    out.change.count = 0;
    for (let k = 0; k < x.change.count; k++) {
      const i = x.change.index[k]!;
      addDelta(out.change, i, square(x.value[i]! + x.change.delta[k]!) - out.value[i]!);
    }
  },
  samples: [
    { name: 'normal [5, 13]', options: {}, inputs: { x: normals(1, [5, 13], 2) } },
    { name: 'normal [64]', options: {}, inputs: { x: normals(2, [64], 2) } },
    { name: 'a step apart', options: {}, inputs: { x: filled([17], (i) => i - 8.5) } },
  ],
  mutants: [
    { name: 'the square forgotten', kernel: /^squared-relu\/lane/, find: 'max(x[lane], 0.0) * max(x[lane], 0.0)', replace: 'max(x[lane], 0.0)', symptoms: ['formula'] },
    { name: 'the factor 2 forgotten', kernel: /^squared-relu-backward/, find: '2.0 * ', replace: '', symptoms: ['factor'] },
    withoutLastLane(/^squared-relu/),
  ],
  conventions: [{ name: 'the slope at 0 is 0', options: {}, inputs: { x: filled([3], (i) => i - 1) }, cotangent: Float32Array.of(3, 5, 7), gradients: { x: [0, 0, 14] } }],
};
