import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { wgsl } from './wgsl.ts';

/** Elements that one lane of `statistics` reads. Tensors start at multiples of it in an arena, so no chunk mixes two. */
export const CHUNK = 64;
/** Numbers that `statistics` writes for each chunk. */
export const CHUNK_VALUES = 5;

export interface StatisticsSpec {
  /** Elements of an arena; a multiple of 4. */
  readonly count: number;
}

/**
 * What diagnostics read of every chunk of 64 elements, after the optimiser:
 * Σ gradient², Σ parameter², Σ update², non-finite gradients, non-finite parameters.
 * Non-finite is tested on the bits: shaders may assume that NaN and Inf do not occur.
 */
export function statistics({ count }: StatisticsSpec): Kernel {
  const chunks = Math.ceil(count / CHUNK);
  return laneKernel({
    name: 'statistics',
    formula: 'per chunk: Σ g², Σ w², Σ (w - before)², non-finite g, non-finite w',
    declarations: [
      { name: 'gradients', access: 'read', type: arrayType(count) },
      { name: 'parameters', access: 'read', type: arrayType(count) },
      { name: 'before', access: 'read', type: arrayType(count) },
      { name: 'out', access: 'write', type: arrayType(chunks * CHUNK_VALUES) },
    ],
    functions: wgsl`
fn isNotFinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u;
}`,
    count: chunks,
    body: wgsl`
let end = min((lane + 1u) * ${CHUNK}u, ${count}u);
  var squares = vec3f(0.0);
  var counts = vec2f(0.0);
  for (var i = lane * ${CHUNK}u; i < end; i++) {
    let gradient = gradients[i];
    let weight = parameters[i];
    let update = weight - before[i];
    squares += vec3f(gradient * gradient, weight * weight, update * update);
    counts += select(vec2f(0.0), vec2f(1.0), vec2<bool>(isNotFinite(gradient), isNotFinite(weight)));
  }
  let start = lane * ${CHUNK_VALUES}u;
  out[start] = squares.x;
  out[start + 1u] = squares.y;
  out[start + 2u] = squares.z;
  out[start + 3u] = counts.x;
  out[start + 4u] = counts.y;`,
  });
}

export interface ActivitySpec {
  readonly rows: number;
  readonly columns: number;
}

/** activeRows[unit] = how many examples of the batch give the unit an output other than 0. A unit with none is dead. */
export function activity({ rows, columns }: ActivitySpec): Kernel {
  return laneKernel({
    name: 'activity',
    formula: 'activeRows[unit] = count over rows of x[row, unit] ≠ 0',
    declarations: [
      { name: 'x', access: 'read', type: arrayType(rows * columns) },
      { name: 'activeRows', access: 'write', type: arrayType(columns) },
    ],
    count: columns,
    body: wgsl`
var total = 0.0;
  for (var row = 0u; row < ${rows}u; row++) {
    total += select(0.0, 1.0, x[row * ${columns}u + lane] != 0.0);
  }
  activeRows[lane] = total;`,
  });
}
