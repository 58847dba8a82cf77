import { loadFunction, type Access } from './chain.wgsl.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { wgsl } from './wgsl.ts';

export interface RotarySpec {
  /** Matrices of `positions` rows by `columns`, an even number. */
  readonly matrices: number;
  readonly positions: number;
  readonly columns: number;
  readonly base: number;
  /** The position of the first row. */
  readonly offset: number;
  /** Turns back: the gradient. */
  readonly inverse: boolean;
  /** Where the element at (row of all matrices, column) stands. */
  readonly access: Access;
}

/** Positions are below this, so that position times the low part of a step fits into 32 bits. */
export const MOST_POSITIONS = 2 ** 16;

/** WGSL takes at most 2047 numbers in one array's text: one step for each pair of columns. */
export const MOST_COLUMNS = 2 * 2047;

/**
 * What one position adds to the angle of pair i, base^(-2i / D), as a part of a turn in units of 2⁻⁴⁸: its upper 32 and its lower 16 bits.
 * Whole numbers wrap around just as angles do, so that the angle of a far position is as exact as that of a near one.
 */
function stepText(columns: number, base: number, pair: number): string {
  const turns = base ** (-2 * pair / columns) / (2 * Math.PI);
  const step = Math.round((turns - Math.floor(turns)) * 2 ** 48);
  return `vec2u(${Math.floor(step / 2 ** 16) % 2 ** 32}u, ${step % 2 ** 16}u)`;
}

/** Matrices that one lane goes through: the sine and cosine of a position serve all. */
const MATRICES_PER_LANE = 8;

/** A lane turns one pair of columns at one position, in several matrices. */
export function rotary(spec: RotarySpec): Kernel {
  const { matrices, positions, columns, base, offset, inverse, access } = spec;
  const pairs = columns / 2;
  const blocks = Math.ceil(matrices / MATRICES_PER_LANE);
  return laneKernel({
    name: 'rotary/pair',
    formula: `out[t, i] = x[t, i] · cos a ${inverse ? '+' : '-'} x[t, i + D/2] · sin a; out[t, i + D/2] = x[t, i + D/2] · cos a ${inverse ? '-' : '+'} x[t, i] · sin a
a = position(t) · base^(-2i / D), i < D/2`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(access.count) },
      { name: 'out', access: 'write', type: arrayType(matrices * positions * columns) },
    ],
    functions: `alias Value = f32;

${loadFunction('x', access, 1, columns)}
// 2⁴⁸ · the part of a turn that one position adds.
const STEPS = array<vec2u, ${pairs}>(${Array.from({ length: pairs }, (_, pair) => stepText(columns, base, pair)).join(', ')});

// (cos, sin) of turn · 2π / 2³²: polynomials within an eighth of a turn, then the quarter that it lies in.
fn onCircle(turn: u32) -> vec2f {
  let quarter = (turn + 0x20000000u) >> 30u;
  let r = f32(bitcast<i32>(turn - (quarter << 30u))) * 1.4629180792671596e-9f;
  let u = r * r;
  let sine = r + r * u * (-0.16666665f + u * (0.008332748f + u * -0.00019587891f));
  let cosine = 1.0 - 0.5 * u + u * u * (0.041666664f + u * (-0.0013888303f + u * 0.000024547942f));
  let turned = select(vec2f(cosine, sine), vec2f(-sine, cosine), (quarter & 1u) == 1u);
  return select(turned, -turned, (quarter & 2u) == 2u);
}`,
    count: blocks * positions * pairs,
    body: wgsl`
let column = lane % ${pairs}u;
  let t = (lane / ${pairs}u) % ${positions}u;
  let first = lane / ${pairs * positions}u * ${MATRICES_PER_LANE}u;
  let position = t + ${offset}u;
  let step = STEPS[column];
  let circle = onCircle(position * step.x + ((position * step.y) >> 16u));
  for (var matrix = first; matrix < min(first + ${MATRICES_PER_LANE}u, ${matrices}u); matrix++) {
    let row = matrix * ${positions}u + t;
    let a = load_x(row, column);
    let b = load_x(row, column + ${pairs}u);
    out[row * ${columns}u + column] = a * circle.x ${inverse ? '+' : '-'} b * circle.y;
    out[row * ${columns}u + column + ${pairs}u] = b * circle.x ${inverse ? '-' : '+'} a * circle.y;
  }`,
  });
}
