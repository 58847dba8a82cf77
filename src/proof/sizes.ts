import { OptionError, show } from '../errors.ts';
import type { Shape } from '../reference/tensor.ts';
import { sizeOf } from '../reference/tensor.ts';
import type { Sample, SampleTensor, Sizes } from './proof.ts';
import { filled, normal, uniform } from './sample-data.ts';

type Ranges = Readonly<Record<string, readonly [number, number]>>;
type Numbers<R extends Ranges> = Readonly<Record<keyof R, number>>;
type Call = Pick<Sample, 'options' | 'inputs'>;

/** The range of a size that says yes or no. */
export const FLAG = [0, 1] as const;

/**
 * Samples of any size from a function that builds one. Sizes that are left out take their smallest value, so that a flag
 * which is not named is off. `measure` may return anything: what lies outside of the ranges counts as not measurable.
 * @throws OptionError for a size that is unknown, not an integer or outside of its range.
 */
export function sizesFrom<R extends Ranges>(
  ranges: R, build: (sizes: Numbers<R>, seed: number) => Call, measure?: (call: Call) => Partial<Numbers<R>> | undefined,
): Sizes {
  const names = Object.keys(ranges);
  return {
    ranges,
    sample(given, seed) {
      const unknown = Object.keys(given).find((name) => !names.includes(name));
      if (unknown !== undefined) throw new OptionError('sample', `sizes among ${names.join(', ')}`, show(unknown));
      const sizes = Object.fromEntries(names.map((name) => {
        const [smallest, largest] = ranges[name];
        const value = given[name] ?? smallest;
        if (!inside(value, ranges[name])) throw new OptionError('sample', `${name} to be an integer from ${smallest} to ${largest}`, show(value));
        return [name, value];
      }));
      const said = names.filter((name) => sizes[name] !== 0).map((name) => `${name}=${sizes[name]}`);
      return { name: [...said, `seed=${seed}`].join(' '), ...build(sizes as Numbers<R>, seed) };
    },
    ...(measure ? {
      measure: (call: Call) => {
        const found: Readonly<Record<string, number | undefined>> | undefined = measure(call);
        if (!found) return undefined;
        const sizes = Object.fromEntries(names.map((name) => [name, found[name] ?? ranges[name][0]]));
        return names.every((name) => inside(sizes[name], ranges[name])) ? sizes : undefined;
      },
    } : {}),
  };
}

function inside(value: number, [smallest, largest]: readonly [number, number]): boolean {
  return Number.isInteger(value) && value >= smallest && value <= largest;
}

/** A shape seen as rows of its last axis. */
export function rowsAndColumns(shape: Shape): { rows: number; columns: number } {
  const columns = shape[shape.length - 1] ?? 1;
  return { rows: sizeOf(shape) / columns, columns };
}

/** 1 for true, 0 for anything else. */
export function flagOf(option: unknown): number {
  return option === true ? 1 : 0;
}

/**
 * Normal deviates times `scale`, by a stream of its own for each input; with `zeros` some rows are 0 (never the first) and
 * so is every seventh column where there are more than three.
 */
export function matrixOf(seed: number, stream: number, shape: Shape, zeros = 0, scale = 1): SampleTensor {
  const { columns } = rowsAndColumns(shape);
  return filled(shape, (i) => {
    const isZero = zeros > 0 && ((Math.floor(i / columns) % 4 === 1) || (columns > 3 && i % columns % 7 === 2));
    return isZero ? 0 : scale * normal(streamSeed(seed, stream), i);
  });
}

/**
 * Logits of which every row leaves something to prove: normal deviates times 2; with `peak` one element of each row stands
 * out, at a place that moves with the row; with `large` they are near ±1000, a third of them so low that e^x is 0.
 */
export function logitsOf(seed: number, rows: number, columns: number, { peak = 0, large = 0 }: { peak?: number; large?: number }): SampleTensor {
  return filled([rows, columns], (i) => {
    const row = Math.floor(i / columns);
    const column = i % columns;
    const noise = normal(streamSeed(seed, 0), i);
    const base = peak > 0 ? 0.25 * noise + (column === (row * 7 + seed) % columns ? 3 : 0) : 2 * noise;
    if (large === 0) return base;
    const low = columns > 3 && column % 3 === 1 ? 200 : 0;
    return base + (row % 2 ? -1000 : 1000) - low;
  });
}

/** Uniform in [0, 1) for one of several things that a sample draws. */
export function drawOf(seed: number, stream: number, index: number): number {
  return uniform(streamSeed(seed, stream), index);
}

/** Seeds of neighbouring samples must not share a stream. */
function streamSeed(seed: number, stream: number): number {
  return seed * 8 + stream + 1;
}
