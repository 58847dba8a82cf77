import { expect, test } from '../harness.ts';

test('requests run below graphs, fused and unfused alike, and a request without numbers is refused', async ({ run }) => {
  const result = await run(async ({ chainrule, load, caught }) => {
    const { createTensor, lower, map, multiply, runRequests } = await load<typeof import('../../src/kernels.ts')>('/src/kernels.ts');
    const device = await chainrule.openDevice();
    const a = createTensor('a', [3, 5]);
    const b = createTensor('b', [7, 5]);
    const bias = createTensor('bias', [7]);
    const product = createTensor('product', [3, 7]);
    const out = createTensor('out', [3, 7]);
    const requests = [multiply({ transposeB: true }, a, b, product), map(product, [{ formula: 'add', operands: [bias] }, { formula: 'relu' }], out)];
    const fill = (length: number, scale: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i + 1) * scale));
    const inputs = new Map([[a, fill(15, 2)], [b, fill(35, 1)], [bias, fill(7, 0.5)]]);
    const [fused] = await runRequests(device, requests, { inputs, read: [out] });
    const [unfused, kept] = await runRequests(device, requests, { inputs, read: [out, product], target: { fusion: false } });
    // `product` is read too: the fused launch has to write both.
    const [both, alsoKept] = await runRequests(device, requests, { inputs, read: [out, product] });
    const expected = Array.from({ length: 21 }, (_, i) => {
      let sum = inputs.get(bias)![i % 7]!;
      for (let k = 0; k < 5; k += 1) sum += inputs.get(a)![Math.floor(i / 7) * 5 + k]! * inputs.get(b)![(i % 7) * 5 + k]!;
      return Math.max(sum, 0);
    });
    const worst = (values: Float32Array | Uint32Array): number => Math.max(...expected.map((value, i) => Math.abs(value - values[i]!)));
    const same = (x: Float32Array | Uint32Array, y: Float32Array | Uint32Array): boolean => Array.from(x).every((value, i) => Object.is(value, y[i]));
    const missing = await caught(() => runRequests(device, requests, { inputs: new Map(), read: [out] }));
    const short = await caught(() => runRequests(device, requests, { inputs: new Map([...inputs, [bias, fill(6, 1)]]), read: [out] }));
    const { kernel } = lower(requests[0]!, 'forward', { adapterClass: 'cpu', maxBindings: 8, quads: false, fusion: true, variants: {} });
    device.destroy();
    return { worst: [fused!, unfused!, both!].map(worst), alike: same(fused!, unfused!) && same(kept!, alsoKept!), missing, short, kernel: kernel.name };
  });
  for (const worst of result.worst) expect(worst).toBeLessThan(1e-6);
  expect(result.alike).toBe(true);
  expect(result.missing.message).toContain('runRequests: needs numbers for a, which no request writes');
  expect(result.short.message).toContain('7 numbers for bias [7], got 6');
  expect(result.kernel).toBe('matmul-nt/short');
});
