import { expect, test } from 'playwright/test';
import fc from 'fast-check';
import { checkDataset } from '../../src/data/check.ts';
import { digits } from '../../src/data/digits.ts';
import { blobs, circles, moons, spiral, xor } from '../../src/data/generators.ts';
import { linearRegression, sineRegression } from '../../src/data/regression.ts';
import { OptionError } from '../../src/errors.ts';

const classifiers = { xor, circles, moons, spiral, blobs };
const regressions = { linearRegression, sineRegression };
const generators = { ...classifiers, ...regressions };

for (const [name, generator] of Object.entries(classifiers)) {
  test(`${name}: valid, balanced, and the same for the same seed`, () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(), (points, seed) => {
      const data = generator({ points, seed });
      checkDataset(data, 'test');
      const counts = new Array<number>(data.classes!).fill(0);
      for (const label of data.targets) counts[label]++;
      expect([data.name, data.length, data.inputShape, data.targetShape]).toEqual([name, points, [2], []]);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(data).toEqual(generator({ points, seed }));
    }), { numRuns: 20, seed: 1 });
    expect(generator({ seed: 1 }).inputs).not.toEqual(generator({ seed: 2 }).inputs);
  });
}

test('without noise, every point lies where its formula puts it', () => {
  const radius = (data: { inputs: Float32Array }, i: number) => Math.hypot(data.inputs[2 * i], data.inputs[2 * i + 1]);
  const offsets: number[] = [];
  const rings = circles({ noise: 0, factor: 0.3, points: 100 });
  for (let i = 0; i < 100; i++) offsets.push(radius(rings, i) - (rings.targets[i] === 0 ? 1 : 0.3));
  const halves = moons({ noise: 0, points: 100 });
  for (let i = 0; i < 100; i++) {
    const [x, y] = halves.inputs.subarray(2 * i, 2 * i + 2);
    offsets.push((halves.targets[i] === 0 ? Math.hypot(x, y) : Math.hypot(x - 1, y - 0.5)) - 1);
    offsets.push(Math.max(0, halves.targets[i] === 0 ? -y : y - 0.5));
  }
  const arms = spiral({ noise: 0, points: 99, classes: 3, turns: 2 });
  for (let i = 0; i < 99; i++) {
    const turn = Math.atan2(arms.inputs[2 * i + 1], arms.inputs[2 * i]) / (2 * Math.PI) - 2 * radius(arms, i) - arms.targets[i] / 3;
    offsets.push(turn - Math.round(turn));
  }
  expect(Math.max(...offsets.map(Math.abs))).toBeLessThan(1e-6);
});

test('xor: the four quadrants hold equally many points, class by sign', () => {
  const data = xor({ points: 400, gap: 0.2 });
  const quadrants = new Map<string, number>();
  let wrong = 0;
  for (let i = 0; i < 400; i++) {
    const [x, y] = data.inputs.subarray(2 * i, 2 * i + 2);
    if (data.targets[i] !== (x * y < 0 ? 1 : 0) || Math.min(Math.abs(x), Math.abs(y)) < 0.0999 || Math.max(Math.abs(x), Math.abs(y)) > 1) wrong++;
    const quadrant = `${x > 0}${y > 0}`;
    quadrants.set(quadrant, (quadrants.get(quadrant) ?? 0) + 1);
  }
  expect(wrong).toBe(0);
  expect([...quadrants.values()]).toEqual([100, 100, 100, 100]);
});

test('blobs: clouds of the given deviation at the given centres', () => {
  const centers = [[3, -2], [0, 5]];
  const data = blobs({ points: 4000, centers, noise: 0.5 });
  for (const label of [0, 1]) {
    for (const axis of [0, 1]) {
      const values = Array.from({ length: 2000 }, (_, i) => data.inputs[2 * (2 * i + label) + axis]);
      const mean = values.reduce((sum, x) => sum + x / 2000, 0);
      const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2 / 2000, 0));
      expect(Math.abs(mean - centers[label][axis])).toBeLessThan(0.06);
      expect(Math.abs(deviation - 0.5)).toBeLessThan(0.04);
    }
  }
});

test('the spiral stays in about [−1, 1]²', () => {
  const data = spiral({ points: 1000, seed: 1 });
  const furthest = data.inputs.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  expect(furthest).toBeLessThan(1.1);
  expect(furthest).toBeGreaterThan(0.9);
});

test('regressions follow their formula', () => {
  const plane = linearRegression({ points: 500, weights: [2, -1, 0.5], bias: 3, noise: 0, seed: 4 });
  checkDataset(plane, 'test');
  expect([plane.inputShape, plane.targetShape, plane.classes]).toEqual([[3], [1], undefined]);
  const wave = sineRegression({ points: 500, cycles: 2, noise: 0 });
  checkDataset(wave, 'test');
  let worst = 0;
  for (let i = 0; i < 500; i++) {
    const [a, b, c] = plane.inputs.subarray(3 * i, 3 * i + 3);
    worst = Math.max(worst, Math.abs(plane.targets[i] - (2 * a - b + 0.5 * c + 3)), Math.abs(wave.targets[i] - Math.sin(4 * Math.PI * wave.inputs[i])));
  }
  expect(worst).toBeLessThan(1e-6);
  const noisy = sineRegression({ points: 5000, noise: 0.3 });
  const spread = Math.sqrt(Array.from(noisy.targets).reduce((sum, y, i) => sum + (y - Math.sin(Math.PI * noisy.inputs[i])) ** 2 / 5000, 0));
  expect(Math.abs(spread - 0.3)).toBeLessThan(0.015);
});

test('generators refuse unknown options and values out of range', () => {
  for (const [name, generator] of Object.entries(generators)) {
    const call = (options: object) => () => (generator as (options: object) => unknown)(options);
    for (const points of [0, -1, 1.5, NaN, '10', 2 ** 25]) expect(call({ points })).toThrow(OptionError);
    for (const noise of [-0.1, NaN, Infinity]) expect(call({ noise })).toThrow(`${name}: needs noise`);
    for (const seed of [-1, 0.5, 2 ** 53, NaN]) expect(call({ seed })).toThrow(`${name}: needs seed`);
    expect(call({ nois: 1 })).toThrow(/unknown option "nois"/);
  }
  expect(() => circles({ factor: 1 })).toThrow(/factor/);
  expect(() => spiral({ classes: 1 })).toThrow(/classes/);
  expect(() => spiral({ turns: -1 })).toThrow(/turns/);
  expect(() => blobs({ centers: [[0, 0], [1, NaN]] })).toThrow(/centers\[1\]/);
  expect(() => blobs({ centers: [[0, 0], [1, 1]], classes: 3 })).toThrow(/as many centers/);
  expect(() => linearRegression({ weights: [1, 2], features: 3 })).toThrow(/as many weights/);
  expect(() => sineRegression({ cycles: 0 })).toThrow(/cycles/);
});

test('digits: valid pixels, balanced classes, ink away from the border, centred', () => {
  const data = digits({ count: 500, seed: 5 });
  checkDataset(data, 'test');
  expect([data.inputShape, data.targetShape, data.classes]).toEqual([[784], [], 10]);
  const counts = new Array<number>(10).fill(0);
  for (const label of data.targets) counts[label]++;
  expect(counts).toEqual(new Array(10).fill(50));
  let odd = 0;
  for (let i = 0; i < 500; i++) {
    let [ink, x, y, most, border] = [0, 0, 0, 0, 0];
    data.inputs.subarray(i * 784, (i + 1) * 784).forEach((value, at) => {
      const [row, column] = [Math.floor(at / 28), at % 28];
      ink += value;
      x += value * column;
      y += value * row;
      most = Math.max(most, value);
      if (row === 0 || row === 27 || column === 0 || column === 27) border = Math.max(border, value);
      if (value < 0 || value > 1) odd++;
    });
    // MNIST's images hold 20 to 280 units of ink, about 100 in the middle.
    if (ink < 15 || ink > 300 || most < 0.9 || border > 0.5 || Math.abs(x / ink - 13.5) > 5 || Math.abs(y / ink - 13.5) > 5) odd++;
  }
  expect(odd).toBe(0);
});

test('digits: every picture differs, the seed decides, a longer set starts with the shorter one', () => {
  const data = digits({ count: 400, seed: 1 });
  const pictures = new Set(Array.from({ length: 400 }, (_, i) => data.inputs.subarray(i * 784, (i + 1) * 784).join()));
  expect(pictures.size).toBe(400);
  const start = digits({ count: 55, seed: 1 });
  expect(start.inputs).toEqual(data.inputs.slice(0, 55 * 784));
  expect(start.targets).toEqual(data.targets.slice(0, 55));
  expect(digits({ count: 55, seed: 2 }).inputs).not.toEqual(start.inputs);
  expect(digits({ count: 2, flatten: false }).inputShape).toEqual([1, 28, 28]);
  for (const count of [0, -1, 1.5, NaN, 1e7]) expect(() => digits({ count })).toThrow(/digits: needs count/);
  expect(() => digits({ flatten: 1 as unknown as boolean })).toThrow(/flatten/);
});

test('digits: the class can be told from the pixels', () => {
  // Nearest of 2,000 other pictures: far better than chance, or the glyphs do not look like themselves.
  const known = digits({ count: 2000, seed: 8 });
  const asked = digits({ count: 200, seed: 9 });
  let right = 0;
  for (let i = 0; i < 200; i++) {
    let best = -1;
    let least = Infinity;
    for (let j = 0; j < 2000; j++) {
      let distance = 0;
      for (let p = 0; p < 784 && distance < least; p++) distance += (asked.inputs[i * 784 + p] - known.inputs[j * 784 + p]) ** 2;
      if (distance < least) [least, best] = [distance, known.targets[j]];
    }
    if (best === asked.targets[i]) right++;
  }
  expect(right).toBeGreaterThan(170);
});
