import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'playwright/test';
import fc from 'fast-check';
import { checkDataset } from '../../src/data/check.ts';
import { idxDataset, mnist, parseIdx } from '../../src/data/idx.ts';
import { ChainruleError, DataError, FormatError } from '../../src/errors.ts';

function idx(shape: readonly number[], data: ArrayLike<number>, type = 0x08): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, type, shape.length]);
  shape.forEach((dimension, axis) => new DataView(bytes.buffer).setUint32(4 + 4 * axis, dimension));
  bytes.set(Array.from(data), 4 + 4 * shape.length);
  return bytes;
}

const images = idx([2, 2, 3], [0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6]);
const labels = idx([2], [7, 3]);
const gz = (bytes: Uint8Array) => Uint8Array.from(gzipSync(bytes));

/** The error of a promise, which must be one of ours with this text. */
async function failure(promise: Promise<unknown>): Promise<ChainruleError> {
  const error = await promise.then(() => undefined, (cause: unknown) => cause);
  expect(error).toBeInstanceOf(ChainruleError);
  expect((error as ChainruleError).message.length).toBeLessThanOrEqual(300);
  return error as ChainruleError;
}

test('reads plain and packed files, and an ArrayBuffer', async () => {
  for (const bytes of [images, gz(images), images.buffer]) {
    const { shape, data } = await parseIdx(bytes);
    expect(shape).toEqual([2, 2, 3]);
    expect([...data]).toEqual([0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6]);
  }
  const inside = new Uint8Array(100).fill(9);
  inside.set(images, 10);
  expect((await parseIdx(inside.subarray(10, 10 + images.length))).shape).toEqual([2, 2, 3]);
});

test('any shape and any bytes come back as they were', async () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
  await fc.assert(fc.asyncProperty(shapes, fc.nat(), fc.boolean(), async (shape, salt, packed) => {
    const content = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 31 + salt) % 256);
    const bytes = idx(shape, content);
    const parsed = await parseIdx(packed ? gz(bytes) : bytes);
    expect([parsed.shape, [...parsed.data]]).toEqual([shape, content]);
  }), { numRuns: 40, seed: 1 });
});

test('cut off at any byte, or one byte too long: FormatError', async () => {
  const packed = gz(images);
  for (const bytes of [images, packed]) {
    for (let length = 0; length < bytes.length; length++) {
      expect((await failure(parseIdx(bytes.slice(0, length)))).code).toBe('format');
    }
    expect((await failure(parseIdx(new Uint8Array([...bytes, 0])))).code).toBe('format');
  }
  expect((await failure(parseIdx(images.slice(0, -1)))).message).toContain('cut off');
  expect((await failure(parseIdx(new Uint8Array([...images, 0])))).message).toContain('after its end');
});

test('wrong magic, types, ranks and dimensions are named', async () => {
  const names = [[0x09, 'signed byte'], [0x0a, 'unknown type 0a'], [0x0b, 'int16'], [0x0c, 'int32'], [0x0d, 'float32'], [0x0e, 'float64']] as const;
  for (const [type, name] of names) {
    const error = await failure(parseIdx(idx([2], [1, 2], type)));
    expect(error).toBeInstanceOf(FormatError);
    expect(error.got).toContain(name);
  }
  expect((await failure(parseIdx(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0])))).got).toBe('89 50 4e 47');
  expect((await failure(parseIdx(idx([], [1])))).got).toBe('0');
  expect((await failure(parseIdx(idx(new Array(9).fill(1), [1])))).got).toBe('9');
  expect((await failure(parseIdx(idx([2, 0], [])))).rule).toBe('dimensions ≥ 1');
  const huge = await failure(parseIdx(idx([0xffffffff, 0xffffffff, 0xffffffff], [1, 2])));
  expect(huge.code).toBe('format');
  for (const bytes of ['text', null, undefined, [0, 0, 8, 1], new Float32Array(4)]) {
    expect((await failure(parseIdx(bytes as unknown as Uint8Array))).code).toBe('data');
  }
  const gone = new Uint8Array(images);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  expect((await failure(parseIdx(gone))).got).toContain('detached');
});

test('a gzip file with any byte changed is refused or gives the same bytes', async () => {
  const packed = gz(images);
  let refused = 0;
  for (let at = 0; at < packed.length; at++) {
    const bytes = packed.slice();
    bytes[at] ^= 0x41;
    const result = await parseIdx(bytes).catch((error: unknown) => error);
    if (result instanceof FormatError) refused++;
    // Time stamp, extra flags and operating system: ten bytes of header of which six mean nothing.
    else expect([...(result as { data: Uint8Array }).data]).toEqual([...images.subarray(16)]);
  }
  expect(refused).toBeGreaterThan(packed.length - 8);
});

test('a gzip bomb is refused at the cap', async () => {
  const bomb = gz(new Uint8Array(100 * 2 ** 20));
  expect(bomb.length).toBeLessThan(200_000);
  const error = await failure(parseIdx(bomb));
  expect(error.message).toContain('67108864 bytes');
  // Two members after one another, each small: Node unpacks both, browsers do not.
  expect((await failure(parseIdx(new Uint8Array([...gz(images), ...gz(images)])))).code).toBe('format');
});

test('idxDataset: grey values / 255, labels, shapes, normalisation', async () => {
  const data = await idxDataset({ images, labels: gz(labels), name: 'two' });
  checkDataset(data, 'test');
  expect([data.name, data.length, data.inputShape, data.targetShape, data.classes]).toEqual(['two', 2, [6], [], 10]);
  expect([...data.targets]).toEqual([7, 3]);
  expect(data.inputs.slice(0, 6)).toEqual(Float32Array.from([0, 0.2, 0.4, 0.6, 0.8, 1]));
  expect((await idxDataset({ images, labels, flatten: false })).inputShape).toEqual([1, 2, 3]);
  const shifted = await idxDataset({ images, labels, normalize: { mean: 0.2, deviation: 0.4 } });
  expect(shifted.inputs.slice(0, 3)).toEqual(Float32Array.from([-0.5, 0, 0.5]));
});

test('idxDataset: counts, labels and options are checked', async () => {
  expect((await failure(idxDataset({ images, labels: idx([1], [0]) }))).got).toBe('2 images and 1 labels');
  const label = await failure(idxDataset({ images, labels: idx([2], [0, 10]) }));
  expect(label).toBeInstanceOf(DataError);
  expect(label.got).toBe('10 in row 1');
  expect((await failure(idxDataset({ images, labels, classes: 7 }))).got).toBe('7 in row 0');
  expect((await failure(idxDataset({ images: labels, labels: images }))).advice).toContain('exchanged');
  expect((await failure(idxDataset({ images: images.slice(0, 9), labels }))).who).toBe('idxDataset images');
  expect((await failure(idxDataset({ images, labels, normalize: { mean: 0, deviation: 0 } }))).rule).toContain('deviation');
  expect((await failure(idxDataset({ images, labels, classes: 0 }))).code).toBe('option');
  expect((await failure(idxDataset({ images, label: labels } as unknown as Parameters<typeof idxDataset>[0]))).got).toContain('"label"');
});

test('mnist: four files by name, whatever folder and ending', async () => {
  const bytes = {
    'train-images-idx3-ubyte.gz': gz(images), 'folder/train-labels.idx1-ubyte': labels,
    't10k-images-idx3-ubyte': images, 't10k-labels-idx1-ubyte.gz': gz(labels), 'readme.txt': new Uint8Array(3),
  };
  const { train, test: held } = await mnist(bytes);
  expect([train.length, held.length, train.name]).toEqual([2, 2, 'MNIST']);
  const picked = Object.entries(bytes).map(([name, content]) => new File([content], name.replace(/^.*\//, '')));
  expect(await mnist(picked)).toEqual({ train, test: held });
  const { 't10k-images-idx3-ubyte': _, ...three } = bytes;
  expect((await failure(mnist(three))).rule).toContain('t10k-images-idx3-ubyte');
  expect((await failure(mnist({ ...bytes, 't10k-images.idx3-ubyte.gz': gz(images) }))).got).toBe('two such files');
});

test('MNIST itself', async () => {
  const folder = `${process.env.SHARED_DIR ?? '../shared'}/data/mnist`;
  const names = ['train-images-idx3-ubyte.gz', 'train-labels-idx1-ubyte.gz', 't10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz'];
  const missing = names.filter((name) => !existsSync(`${folder}/${name}`));
  if (missing.length > 0 && process.env.CI === 'true') throw new Error(`${folder} lacks ${missing.join(', ')}`);
  test.skip(missing.length > 0, `${folder} lacks ${missing.join(', ')}`);
  const { train, test: held } = await mnist(Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(`${folder}/${name}`))])));
  checkDataset(train, 'train');
  checkDataset(held, 'test');
  expect([train.length, held.length, train.inputShape, train.classes]).toEqual([8000, 1000, [784], 10]);
  expect(new Set(train.targets).size).toBe(10);
  // The mean grey value of all of MNIST is 0.1307.
  expect(Math.abs(train.inputs.reduce((sum, value) => sum + value, 0) / train.inputs.length - 0.1307)).toBeLessThan(0.003);
});
