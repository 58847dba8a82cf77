import { accuracy } from '../../shaders/accuracy.wgsl.ts';
import { gatherBatchRange } from '../../shaders/batch-range.wgsl.ts';
import { gatherBatch } from '../../shaders/batch.wgsl.ts';
import { philoxFill } from '../../shaders/philox.wgsl.ts';
import { record } from '../../shaders/record.wgsl.ts';
import { activity, CHUNK, statistics } from '../../shaders/statistics.wgsl.ts';
import { RandomStream, seedKey } from '../data/philox.ts';
import { arenaCases } from './step-kernels/arenas.ts';
import { stepWords, wave, type Numbers, type StepKernelCase } from './step-kernels/case.ts';
import { lossScaleCases } from './step-kernels/loss-scale.ts';
import { metricCases } from './step-kernels/metrics.ts';
import { optimizerCases } from './step-kernels/optimizers.ts';

export type { StepKernelCase } from './step-kernels/case.ts';

function gather(inputSize: number, inputType: 'f32' | 'u32' = 'f32'): StepKernelCase {
  const [examples, rows, targetSize] = [7, 3, 2];
  const order = Uint32Array.of(6, 2, 5, 0, 3, 1, 4);
  const cursor = 2;
  const allInputs = inputType === 'f32' ? wave(examples * inputSize) : Uint32Array.from({ length: examples * inputSize }, (_, i) => 1000 + 97 * i);
  const allTargets = Uint32Array.from({ length: examples * targetSize }, (_, i) => 10 + i);
  const picked = [...order.subarray(cursor, cursor + rows)];
  const of = (from: Numbers, size: number): number[] => picked.flatMap((example) => [...from.subarray(example * size, (example + 1) * size)]);
  return {
    name: `gather-batch of ${inputSize}${inputType === 'u32' ? ' indices' : ''}`,
    kernel: gatherBatch({ examples, rows, inputSize, inputType, targetSize, targetType: 'u32' }),
    inputs: { step: stepWords(9, cursor), order, allInputs, allTargets },
    expected: { inputs: inputType === 'f32' ? of(allInputs, inputSize) : Uint32Array.from(of(allInputs, inputSize)), targets: Uint32Array.from(of(allTargets, targetSize)) },
    mutants: [['min(step.cursor + lane /', 'min(lane /'], ['min(step.cursor + element /', 'min(element /'], ['allInputs[example *', 'allInputs[0u *'], ['element % 2u', '0u']],
  };
}

/** The rows of a batch that a range of the examples has; the others stay as they were. */
function gatherRange(inputSize: number): StepKernelCase {
  const [examples, rows, targetSize, cursor, firstRow, first, count] = [7, 3, 2, 1, 1, 3, 3];
  const order = Uint32Array.of(2, 1, 6, 5, 0, 3, 4);
  const [allInputs, inputs] = [wave(count * inputSize), wave(rows * inputSize, 3)];
  const [allTargets, targets] = [Uint32Array.from({ length: count * targetSize }, (_, i) => 10 + i), Uint32Array.from({ length: rows * targetSize }, (_, i) => 90 + i)];
  const of = (from: Numbers, before: Numbers, size: number): number[] => [...order.subarray(cursor + firstRow, cursor + firstRow + rows)].flatMap((example, row) =>
    (example >= first && example < first + count ? [...from.subarray((example - first) * size, (example - first + 1) * size)] : [...before.subarray(row * size, (row + 1) * size)]));
  return {
    name: `gather-batch-range of ${inputSize}`,
    kernel: gatherBatchRange({ examples, rows, inputSize, inputType: 'f32', targetSize, targetType: 'u32', held: { first, count }, firstRow }),
    inputs: { step: stepWords(9, cursor), order, allInputs, allTargets, inputs, targets },
    expected: { inputs: of(allInputs, inputs, inputSize), targets: Uint32Array.from(of(allTargets, targets, targetSize)) },
    mutants: [['step.cursor + lane /', 'lane /'], ['step.cursor + element /', 'element /'], [' + 1u, 6u)', ', 6u)'], ['] - 3u', '] - 2u'], ['place < 3u', 'place < 2u'], ['place < 3u', 'place < 9u'], ['element % 2u', '0u']],
  };
}

function hits(target: 'index' | 'probabilities' | 'signs'): StepKernelCase {
  const [rows, columns] = [5, 4];
  // The last row has two largest outputs: the first of them counts.
  const x = Float32Array.of(1, 5, 2, 3, 9, 1, 1, 1, -4, -3, -2, -1, 0, 2, 1, 0, 1, 7, 7, 0);
  const labels = [1, 2, 3, 1, 1];
  const right = [1, 0, 1, 1, 1];
  const soft = Float32Array.from({ length: rows * columns }, (_, i) => (i % columns === labels[Math.floor(i / columns)] ? 0.6 : 0.1));
  const expected = target === 'index' ? Uint32Array.from(labels) : soft;
  const signs = Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_, i) => Number((x[row * columns + i]! > 0) === (soft[row * columns + i]! > 0.5))).reduce((a, b) => a + b) / columns);
  return {
    name: `accuracy by ${target}`,
    kernel: accuracy({ rows, columns, target }),
    inputs: { x, expected },
    expected: { hits: target === 'signs' ? signs : right },
    mutants: target === 'signs' ? [['> 0.5', '< 0.5'], ['0.25f', '1.0f'], ['lane * 4u', '0u']]
      : [['x[start + i] > x[start + guess]', 'x[start + i] >= x[start + guess]'], ['x[start + i] > x[start + guess]', 'x[start + i] < x[start + guess]'],
        target === 'index' ? ['guess == expected[lane]', 'guess == expected[0]'] : ['guess == label', 'guess != label'], ['lane * 4u', '0u']],
  };
}

function statisticsCase(): StepKernelCase {
  const count = 2 * CHUNK + 4;
  const [gradients, parameters, before] = [wave(count), wave(count, 2, 1), wave(count, 2, 1.1)];
  gradients[3] = NaN;
  gradients[CHUNK + 1] = Infinity;
  parameters[2 * CHUNK + 1] = -Infinity;
  const out: number[] = [];
  for (let start = 0; start < count; start += CHUNK) {
    const sums = [0, 0, 0, 0, 0];
    for (let i = start; i < Math.min(count, start + CHUNK); i += 1) {
      sums[0]! += gradients[i]! ** 2;
      sums[1]! += parameters[i]! ** 2;
      sums[2]! += (parameters[i]! - before[i]!) ** 2;
      sums[3]! += Number(!Number.isFinite(gradients[i]!));
      sums[4]! += Number(!Number.isFinite(parameters[i]!));
    }
    out.push(...sums);
  }
  return {
    name: 'statistics', kernel: statistics({ count }), inputs: { gradients, parameters, before }, expected: { out },
    mutants: [['weight - before[i]', 'weight'], ['== 0x7f800000u', '== 0x7f800001u'], ['(lane + 1u) * 64u', '(lane + 1u) * 63u'], ['lane * 5u', 'lane * 4u'], ['isNotFinite(gradient), isNotFinite(weight)', 'isNotFinite(weight), isNotFinite(gradient)']],
  };
}

function activityCase(): StepKernelCase {
  const [rows, columns] = [3, 5];
  const x = Float32Array.of(0, 1, -1, 0, 2, 0, 1, 0, 0, 0, 0, 1, -1, 3, 0);
  const activeRows = Array.from({ length: columns }, (_, unit) => [0, 1, 2].filter((row) => x[row * columns + unit] !== 0).length);
  return {
    name: 'activity', kernel: activity({ rows, columns }), inputs: { x }, expected: { activeRows },
    mutants: [['!= 0.0', '> 0.0'], ['row < 3u', 'row < 2u'], ['row * 5u', 'row * 4u']],
  };
}

function recordCase(): StepKernelCase {
  return {
    name: 'record', kernel: record({ sizes: [1, 2] }), inputs: { step: stepWords(41, 0), value0: Float32Array.of(0.75), value1: Float32Array.of(-2, 3.5) },
    expected: { report: Uint32Array.of(41, ...new Uint32Array(Float32Array.of(0.75, -2, 3.5).buffer)) },
    mutants: [['step.number', 'step.cursor'], ['value1[0]', 'value0[0]'], ['value1[1]', 'value1[0]'], ['bitcast<u32>(value0[0])', 'u32(value0[0])']],
  };
}

/** The words are checked against known answers elsewhere; here, that what is written is the stream's own. */
function philoxCase(): StepKernelCase {
  const [seed, stream, part, length] = [2 ** 45 + 12_345, 3, 2, 13];
  const numbers = new RandomStream(seed, stream, part);
  return {
    name: 'philox-fill', kernel: philoxFill({ length }), inputs: { random: Uint32Array.of(...seedKey(seed), stream, part) },
    expected: { out: Array.from({ length }, () => numbers.uniform()) },
    mutants: [['round < 10u', 'round < 9u'], ['0xbb67ae85u', '0xbb67ae86u'], ['p1.x ^ c.y ^ k.x', 'p1.x ^ c.y'], ['(middle >> 16u) + ', ''], ['bits >> 8u', 'bits >> 9u'],
      ['random.stream', '0u'], ['random.part', '0u'], ['first + i < 13u', 'first + i < 12u'], ['i < 4u &&', 'i < 3u &&']],
  };
}

export const stepKernelCases: readonly StepKernelCase[] = [
  gather(4), gather(3), gather(4, 'u32'), gatherRange(4), gatherRange(3), hits('index'), hits('probabilities'), hits('signs'), statisticsCase(), activityCase(), recordCase(),
  philoxCase(), ...arenaCases, ...optimizerCases, ...lossScaleCases, ...metricCases,
];
