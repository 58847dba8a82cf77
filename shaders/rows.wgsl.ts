import { arrayType } from './kernel.ts';
import { float, times, wgsl } from './wgsl.ts';

/** x seen as [outer, size, inner]: a row is what stands along the middle axis, wherever its elements lie. */
export interface RowsSpec {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/**
 * How lanes go through rows where each works alone: `Value` is vec4f where four numbers lie side by side, because a load of four costs one
 * address. They are four of one row, or (rows that lie across) one of each of four rows.
 */
export interface RowLoops {
  readonly width: 1 | 4;
  /** True where the four parts of a Value belong to one row. */
  readonly along: boolean;
  /** Lanes that make all rows. */
  readonly lanes: number;
  /** Values of a lane. */
  readonly terms: number;
  /** The type of the whole tensor's buffer. */
  readonly type: string;
  /** `alias Value = …;` */
  readonly alias: string;
  /** The place of a lane's first Value. */
  start(lane: string): string;
  /** The place of Value `i`, from `start`. */
  readonly place: string;
}

export function rowLoops({ outer, size, inner }: RowsSpec): RowLoops {
  const along = inner === 1;
  const width = (along ? size : inner) % 4 === 0 ? 4 : 1;
  const [terms, side] = along ? [size / width, 1] : [size, inner / width];
  return {
    width, along: along && width === 4, lanes: outer * side, terms, type: arrayType(outer * size * inner, width === 4),
    alias: `alias Value = ${width === 4 ? 'vec4f' : 'f32'};`,
    start: (lane) => (along ? times(lane, terms) : wgsl`(${lane} / ${side}u) * ${size * side}u + ${lane} % ${side}u`),
    place: along ? 'start + i' : `start + i * ${side}u`,
  };
}

/** The sum of a Value's parts, where they belong together. */
export const sumOfParts = ({ along }: Pick<RowLoops, 'along'>, value: string): string => (along ? `(${value}.x + ${value}.y) + (${value}.z + ${value}.w)` : value);

/** The largest of a Value's parts, where they belong together. */
export const largestOfParts = ({ along }: Pick<RowLoops, 'along'>, value: string): string => (along ? `max(max(${value}.x, ${value}.y), max(${value}.z, ${value}.w))` : value);

/** Rows whose elements lie side by side: element `place` of the one at `start`. */
export const elementOf = ({ along }: Pick<RowLoops, 'along'>, tensor: string, place: string): string =>
  (along ? `${tensor}[start + ${place} / 4u][${place} % 4u]` : `${tensor}[start + ${place}]`);

/** For each part of Value `i` whether it is element `place` of such a row. */
export const isElement = ({ along }: Pick<RowLoops, 'along'>, place: string): string => (along ? `4u * i + vec4u(0u, 1u, 2u, 3u) == vec4u(${place})` : `i == ${place}`);

/** A constant array with a number for each element of such a row, as Values. */
export function constantRow({ width, terms }: Pick<RowLoops, 'width' | 'terms'>, name: string, numbers: readonly number[]): string {
  const values = Array.from({ length: terms }, (_, i) => numbers.slice(width * i, width * (i + 1)).map(float).join(', '));
  return `const ${name} = array<Value, ${terms}>(${values.map((value) => (width === 4 ? `Value(${value})` : value)).join(', ')});`;
}

/** Statements that set `row` to what the row at `start` of x holds, then `largest` and `total` (`ofRow`). */
export const readRow = (loops: RowLoops): string => wgsl`
var row = ${EMPTY_ROW};
  for (var i = 0u; i < ${loops.terms}u; i++) {
    row = withValue(row, x[${loops.place}]);
  }
  ${ofRow(loops, 'row')}`.trim();

/**
 * `Row` and `withValue`: the largest number of a row and Σ e^(x - largest), in one reading: the sum shrinks whenever a larger number comes, and
 * no exponential overflows. Each part of a Value has a row of its own.
 */
export const onlineRow = wgsl`
struct Row {
  largest: Value,
  // Σ e^(x - largest) of the elements so far.
  total: Value,
}

fn withValue(row: Row, value: Value) -> Row {
  let smaller = exp(-abs(value - row.largest));
  let isLarger = value > row.largest;
  return Row(select(row.largest, value, isLarger), select(row.total + smaller, row.total * smaller + 1.0, isLarger));
}
`;

/** The Row of no elements. */
export const EMPTY_ROW = 'Row(Value(-0x1.fffffep+127), Value(0.0))';

/** Statements that set `largest` and `total` of what `row` holds: f32 where a lane makes one row, else a Value. */
export const ofRow = (loops: RowLoops, row: string): string => wgsl`
let largest = ${largestOfParts(loops, `${row}.largest`)};
#if ${loops.along}
  let parts = ${row}.total * exp(${row}.largest - largest);
  let total = ${sumOfParts(loops, 'parts')};
#else
  let total = ${row}.total;
#endif`.trim();
