import type { Options, Sample, Sizes } from './proof.ts';
import { filled, normal } from './sample-data.ts';
import { drawOf, FLAG, matrixOf, rowsAndColumns, sizesFrom } from './sizes.ts';

/** The numbers at which one function is tried. */
export interface Numbers {
  /** A number of the function's domain from a normal deviate; default the deviate times 1.5. */
  readonly at?: (noise: number) => number;
  /** Where it bends, saturates or is exactly 0. */
  readonly special: readonly number[];
  /** A larger deviate for `far` random samples: how many times as large. Default 8. */
  readonly reach?: number;
}

const WIDE = (noise: number): number => 1.5 * noise;

/** The samples of a row: sizes around a workgroup and four wide, and the special numbers, under each set of options. */
export function rowSamples({ at = WIDE, special }: Numbers, optionSets: readonly Options[] = [{}]): Sample[] {
  const sizes = [[67], [16], [5, 13], [2, 2, 16]];
  return optionSets.flatMap((options, set) => {
    const text = Object.entries(options).map(([name, value]) => ` ${name}=${String(value)}`).join('');
    const shapes = set === 0 ? sizes : sizes.slice(0, 1);
    return [
      ...shapes.map((shape, k) => ({ name: `[${shape.join(', ')}]${text}`, options, inputs: { x: filled(shape, (i) => at(normal(31 + k + 7 * set, i))) } })),
      { name: `special numbers${text}`, options, inputs: { x: filled([special.length], (i) => special[i]) } },
    ];
  });
}

/** Random samples of any size; `far` ones lie further out; `set` says which set of options. The first number is never 0. */
export function rowSizes({ at = WIDE, reach = 8 }: Numbers, optionSets: readonly Options[] = [{}]): Sizes {
  return sizesFrom(
    { rows: [1, 17], columns: [1, 263], far: FLAG, set: [0, optionSets.length - 1] },
    ({ rows, columns, far, set }, seed) => {
      const noise = matrixOf(seed, 0, [rows, columns], 0, far ? reach : 1);
      return { options: optionSets[set], inputs: { x: filled([rows, columns], (i) => at(i === 0 ? 0.5 + drawOf(seed, 1, 0) : noise.data[i])) } };
    },
    ({ options, inputs: { x } }) => ({ ...rowsAndColumns(x.shape), set: Math.max(0, optionSets.findIndex((one) => JSON.stringify(one) === JSON.stringify(options))) }),
  );
}
