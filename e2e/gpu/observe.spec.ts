import { expect, test } from '../harness.ts';

test('every launch is seen: each tensor that it wrote, what it stands for, and the same bits as in one pass', async ({ run }) => {
  const found = await run(async ({ chainrule, load }) => {
    const { Trace, tracing } = await load<typeof import('../../src/program/trace.ts')>('/src/program/trace.ts');
    const { runGraph } = await load<typeof import('../../src/program/run-graph.ts')>('/src/program/run-graph.ts');
    const { ops } = await load<typeof import('../../src/ops/index.ts')>('/src/ops/index.ts');
    const device = await chainrule.openDevice();
    const trace = new Trace();
    const { x, first, second, out } = tracing(trace, () => {
      const x = trace.tensor('x', [5, 3], 'parameter');
      const first = trace.tensor('first', [4, 3], 'parameter');
      const second = trace.tensor('second', [4, 4], 'parameter');
      const h = trace.apply(ops.tanh, { x: trace.apply(ops.linear, { x, weight: first }, {}) }, {});
      // h is used twice: its gradient is a sum of two contributions.
      return { x, first, second, out: trace.apply(ops.add, { a: trace.apply(ops.linear, { x: h, weight: second }, {}), b: h }, {}) };
    });
    const numbers = (count: number, scale: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * scale + 1));
    const given = {
      name: 'net', graph: trace.graph, wanted: [x.id, first.id, second.id],
      values: { [x.id]: numbers(15, 0.7), [first.id]: numbers(12, 1.3), [second.id]: numbers(16, 2.1) },
      seeds: [{ tensor: out.id, cotangent: numbers(20, 0.4) }],
    };
    const fused = await runGraph(device, given);
    const apart = await runGraph(device, { ...given, target: { fusion: false } });
    const before = { [x.id]: numbers(15, 0.3), [first.id]: numbers(12, 0.9), [second.id]: numbers(16, 1.1) };
    const after = await runGraph(device, { ...given, before });
    device.destroy();
    const plain = ({ launches }: typeof fused) => launches.map(({ label, outputs }) => ({
      label, outputs: outputs.map(({ meaning, shape, data }) => ({ meaning, shape, finite: data.every(Number.isFinite), length: data.length })),
    }));
    return {
      graph: trace.graph, ids: { x: x.id, first: first.id, second: second.id, out: out.id }, fused: plain(fused), apart: plain(apart),
      computed: Object.keys(apart.computed).map(Number), previous: [fused.previous, after.previous, after.gradients],
      earlier: after.earlier?.flatMap(({ outputs }) => outputs.flatMap(({ meaning, data }) => (meaning?.kind === 'gradient' ? [[meaning.tensor, data] as const] : []))) ?? [],
      same: Object.values(fused.gradients).every((data, at) => data.every((value, i) => value === Object.values(after.gradients)[at]![i])),
      last: Object.entries(fused.gradients).every(([id, data]) => fused.launches.some(({ outputs }) =>
        outputs.some(({ meaning, data: seen }) => meaning?.kind === 'gradient' && meaning.tensor === Number(id) && seen.every((value, i) => value === data[i])))),
    };
  });
  for (const launches of [found.fused, found.apart]) {
    for (const { label, outputs } of launches) {
      expect(outputs.length, label).toBeGreaterThan(0);
      for (const { finite, length, shape } of outputs) {
        expect(finite, label).toBe(true);
        expect(length, label).toBe(shape.reduce((size, dimension) => size * dimension, 1));
      }
    }
  }
  const meanings = found.apart.flatMap(({ outputs }) => outputs.map(({ meaning }) => meaning));
  const computed = found.graph.nodes.map(({ outputs }) => outputs.out!);
  expect(meanings.flatMap((meaning) => (meaning?.kind === 'value' ? [meaning.tensor] : []))).toEqual(computed);
  expect(found.computed.sort()).toEqual([...computed].sort());
  const gradients = meanings.flatMap((meaning) => (meaning?.kind === 'gradient' ? [meaning.tensor] : []));
  expect(new Set(gradients).size).toBe(gradients.length);
  // The seed of the end is given; each other tensor's gradient is made by a launch, except where the add passes on what it got.
  expect(gradients).toEqual(expect.arrayContaining([found.ids.x, found.ids.first, found.ids.second, computed[1]]));
  expect(meanings.filter((meaning) => meaning?.kind === 'contribution')).toEqual([{ kind: 'contribution', node: 2, input: 'x' }]);
  expect(found.last).toBe(true);
  expect(found.same).toBe(true);
  // A run that came first left numbers of its own, by other leaves and another cotangent.
  const [none, previous, present] = found.previous;
  expect(none).toBeUndefined();
  expect(previous).not.toEqual(present);
  expect(Object.fromEntries(found.earlier.filter(([id]) => previous![id]))).toEqual(previous);
});

test('an element that a launch forgets is poison, also where another launch had used the memory before', async ({ run }) => {
  const found = await run(async ({ chainrule, gradcheck, load }) => {
    const { runOp } = await load<typeof import('../../src/program/run-op.ts')>('/src/program/run-op.ts');
    const device = await chainrule.openDevice();
    const tensor = (seed: number) => ({ shape: [3, 5], data: Float32Array.from({ length: 15 }, (_, i) => Math.cos(seed + i)) });
    const forget: import('../../src/program/plan.ts').Alter = (plan) => ({
      ...plan,
      launches: plan.launches.map((launch) => (launch.label === 'mul.forward'
        ? { ...launch, kernel: { ...launch.kernel, code: launch.kernel.code.replace(/if \(lane >= \d+u\) \{/, 'if (lane >= 2u) {') } } : launch)),
    });
    const call = (settings: object) => runOp(device, 'mul', {}, { a: tensor(1), b: tensor(2) }, tensor(3).data, settings);
    const bits = (data: Float32Array) => new Uint32Array(data.buffer, data.byteOffset, data.length);
    const outOf = ({ launches }: Awaited<ReturnType<typeof call>>) => launches.find(({ label }) => label === 'mul.forward')!.outputs[0]!.data;
    const poisoned = outOf(await call({ alter: forget }));
    const before = { a: tensor(7), b: tensor(8) };
    const stale = outOf(await call({ alter: forget, poison: false, before }));
    const right = outOf(await runOp(device, 'mul', {}, before, tensor(3).data));
    device.destroy();
    return { poisoned: [...bits(poisoned)].map((word) => word === gradcheck.POISON_BITS), stale: [...stale], right: [...right] };
  });
  expect(found.poisoned.slice(0, 2)).toEqual([false, false]);
  expect(found.poisoned.at(-1)).toBe(true);
  // The earlier run is right: what the bug forgets to write still holds its numbers.
  expect(found.stale.slice(0, 2)).not.toEqual(found.right.slice(0, 2));
  expect(found.stale.at(-1)).toBe(found.right.at(-1));
});

test('outputs that exceed the staging memory come back in several submits', async ({ run }) => {
  const found = await run(async ({ chainrule, load }) => {
    const { observe } = await load<typeof import('../../src/gpu/observe.ts')>('/src/gpu/observe.ts');
    const { createDispatch } = await load<typeof import('../../src/gpu/sequence.ts')>('/src/gpu/sequence.ts');
    const { laneKernel } = await load<typeof import('../../shaders/kernel.ts')>('/shaders/kernel.ts');
    const device = await chainrule.openDevice();
    const kernels = [1, 2, 3].map((value) => laneKernel({
      name: `fill${value}`, formula: `out = ${value}`, count: 8, declarations: [{ name: 'out', access: 'write', type: 'array<f32, 8>' }], body: `out[lane] = ${value}.0;`,
    }));
    const pipelines = await device.compile(kernels);
    // One buffer: each launch overwrites what the one before it wrote.
    const buffer = device.createBuffer('out', 32, 'storage');
    const range = { buffer, offset: 0, bytes: 32 };
    const launches = kernels.map((kernel, index) => ({ dispatch: createDispatch(device, kernel.name, kernel, pipelines[index]!, [range]), outputs: [range] }));
    const original = GPUQueue.prototype.submit;
    let submits = 0;
    GPUQueue.prototype.submit = function submit(...list) {
      submits += 1;
      return original.apply(this, list);
    };
    const values = [];
    for (const bytes of [32, 64, 1024]) {
      submits = 0;
      const results = await observe(device, 'test', launches, undefined, bytes);
      values.push({ submits, first: results.map(([data]) => new Float32Array(data!)[0]) });
    }
    GPUQueue.prototype.submit = original;
    device.destroy();
    return values;
  });
  expect(found).toEqual([3, 2, 1].map((submits) => ({ submits, first: [1, 2, 3] })));
});
