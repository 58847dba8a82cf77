import { gradientSum, storeBuffers, weightAverage } from '../../../shaders/arenas.wgsl.ts';
import { wave, type StepKernelCase } from './case.ts';

const count = 12;
const [gradients, parameters, before] = [wave(count), wave(count, 2, 1), wave(count, 0.5, 2)];

function sumCase(first: boolean): StepKernelCase {
  return {
    name: first ? 'the first of several gradients' : 'a further gradient', kernel: gradientSum({ count, factor: 0.25, first }), inputs: { gradients, ...(first ? {} : { total: before }) },
    expected: { total: Array.from(gradients, (gradient, i) => (first ? 0 : before[i]!) + 0.25 * gradient) },
    mutants: [['0.25f * ', ''], ['gradients[lane]', 'gradients[0]'], ['lane >= 3u', 'lane >= 2u'], ...(first ? [] : [['+= ', '= '] as const])],
  };
}

function averageCase(first: boolean): StepKernelCase {
  return {
    name: first ? 'the first average' : 'a further average', kernel: weightAverage({ count, rate: 0.125, first }), inputs: { parameters, ...(first ? {} : { average: before }) },
    expected: { average: Array.from(parameters, (weight, i) => (first ? weight : before[i]! + 0.125 * (weight - before[i]!))) },
    mutants: [['parameters[lane]', 'parameters[0]'], ['parameters[lane]', '0.0 * parameters[lane]'], ['lane >= 3u', 'lane >= 2u'],
      ...(first ? [] : [['+= ', '= '], ['0.125f * ', ''], [' - average[lane]', '']] as const)],
  };
}

function buffersCase(offsets: readonly number[], sizes: readonly number[], mutants: StepKernelCase['mutants']): StepKernelCase {
  const arena = wave(count, 3, 0.3);
  const next = sizes.map((size, part) => wave(size, 1, part));
  const buffers = Array.from(arena);
  next.forEach((values, part) => values.forEach((value, i) => { buffers[offsets[part]! + i] = value; }));
  return {
    name: `${sizes.length} buffers`, kernel: storeBuffers({ count, parts: sizes.map((size, part) => ({ offset: offsets[part]!, size })) }),
    inputs: { buffers: arena, ...Object.fromEntries(next.map((values, part) => [`next${part}`, values])) }, expected: { buffers }, mutants,
  };
}

export const arenaCases: readonly StepKernelCase[] = [
  sumCase(true), sumCase(false), averageCase(true), averageCase(false),
  buffersCase([4], [5], [['lane + 4u', 'lane'], ['next0[lane]', 'next0[0]'], ['lane >= 5u', 'lane >= 4u']]),
  buffersCase([0, 4, 9], [3, 1, 2], [['lane < 3u', 'lane < 2u'], ['lane < 4u', 'lane < 3u'], ['lane + 1u', 'lane'], ['next2[lane - 4u]', 'next2[0]'], ['lane + 5u', 'lane + 4u'], ['lane >= 6u', 'lane >= 5u']]),
];
