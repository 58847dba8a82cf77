import { expect, test } from '../harness.ts';

type Kit = typeof import('./page-kit.ts');

/** Known answers of Random123's kat_vectors for philox4x32-10: counter, key, words. */
const known: readonly (readonly [readonly number[], readonly number[], readonly number[]])[] = [
  [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
  [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
];

test('Philox on the GPU: the known answers, and word for word what the CPU draws', async ({ run }) => {
  const { words, cpu } = await run(async (lib, known) => {
    const { philox, RandomStream } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { laneKernel } = await lib.load<typeof import('../../shaders/kernel.ts')>('/shaders/kernel.ts');
    const { philoxFunctions } = await lib.load<typeof import('../../shaders/philox.wgsl.ts')>('/shaders/philox.wgsl.ts');
    const { createDispatch, submit } = await lib.load<typeof import('../../src/gpu/sequence.ts')>('/src/gpu/sequence.ts');
    const random = new RandomStream(11, 4);
    const draw = (): number => random.bits();
    const cases = [...known.map(([counter, key]) => [...counter, ...key]), ...Array.from({ length: 1000 }, () => [draw(), draw(), draw(), draw(), draw(), draw()])];
    const kernel = laneKernel({
      name: 'philox-words', formula: 'out = philox(counter, key)', functions: philoxFunctions, count: cases.length,
      declarations: [
        { name: 'given', access: 'read', type: `array<u32, ${cases.length * 6}>` },
        { name: 'out', access: 'write', type: `array<u32, ${cases.length * 4}>` },
      ],
      body: `let at = lane * 6u;
        let words = philox(vec4u(given[at], given[at + 1u], given[at + 2u], given[at + 3u]), vec2u(given[at + 4u], given[at + 5u]));
        for (var i = 0u; i < 4u; i++) { out[lane * 4u + i] = words[i]; }`,
    });
    const device = await sharedDevice();
    const [pipeline] = await device.compile([kernel]);
    const given = device.createBuffer('given', cases.length * 24, 'storage');
    const out = device.createBuffer('out', cases.length * 16, 'storage');
    device.write(given, 0, Uint32Array.from(cases.flat()));
    submit(device, 'philox', [createDispatch(device, 'philox', kernel, pipeline, [{ buffer: given, offset: 0, bytes: given.size }, { buffer: out, offset: 0, bytes: out.size }])]);
    const words = new Uint32Array(await device.read(out, 0, cases.length * 16));
    given.destroy();
    out.destroy();
    const cpu = Uint32Array.from(cases.flatMap(([a, b, c, d, k, l]) => [...philox([a, b, c, d], [k, l])]));
    return { words, cpu };
  }, known.map((vectors) => vectors.map((words) => [...words])));
  known.forEach(([, , answer], index) => expect([...words.subarray(4 * index, 4 * index + 4)]).toEqual(answer));
  expect(words).toEqual(cpu);
});

test('philoxFill writes the numbers of the stream with that seed, stream and part', async ({ run }) => {
  const found = await run(async (lib) => {
    const { RandomStream } = lib.chainrule;
    const { sharedDevice } = await lib.load<Kit>('/e2e/gpu/page-kit.ts');
    const { philoxFill } = await lib.load<typeof import('../../shaders/philox.wgsl.ts')>('/shaders/philox.wgsl.ts');
    const { seedKey } = await lib.load<typeof import('../../src/data/philox.ts')>('/src/data/philox.ts');
    const { createDispatch, submit } = await lib.load<typeof import('../../src/gpu/sequence.ts')>('/src/gpu/sequence.ts');
    const device = await sharedDevice();
    const different: Record<string, number> = {};
    for (const [seed, stream, part, length] of [[0, 0, 0, 1], [7, 3, 2, 1001], [Number.MAX_SAFE_INTEGER, 0xffffffff, 0xffffffff, 4096]] as const) {
      const kernel = philoxFill({ length });
      const [pipeline] = await device.compile([kernel]);
      const random = device.createBuffer('random', 16, 'uniform');
      const out = device.createBuffer('out', length * 4, 'storage');
      device.write(random, 0, Uint32Array.of(...seedKey(seed), stream, part));
      submit(device, 'fill', [createDispatch(device, 'fill', kernel, pipeline, [{ buffer: random, offset: 0, bytes: 16 }, { buffer: out, offset: 0, bytes: length * 4 }])]);
      const numbers = new Float32Array(await device.read(out, 0, length * 4));
      const expected = new RandomStream(seed, stream, part);
      different[`${seed} ${stream} ${part}`] = numbers.reduce((count, value) => count + (value === expected.uniform() ? 0 : 1), 0);
      random.destroy();
      out.destroy();
    }
    return different;
  });
  expect(Object.keys(found)).toHaveLength(3);
  expect(Object.values(found)).toEqual([0, 0, 0]);
});
