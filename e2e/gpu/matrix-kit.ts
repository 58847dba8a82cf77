// Runs in the page: matrices that a subgroup multiplies, in software. `await lib.load<typeof import('./matrix-kit.ts')>('/e2e/gpu/matrix-kit.ts')`.
import type { Kernel } from '../../shaders/kernel.ts';
import type { Alter } from '../../src/kernels.ts';

/** A change of a kernel's text that stands for a bug. */
export interface Bug {
  readonly find: string;
  readonly replace: string;
}

/** The loads of one operand in a text. */
interface Loads {
  /** What calls of them begin with. */
  readonly call: string;
  readonly across: number;
  readonly down: number;
  /** The text of an element. */
  element(row: string, column: string): string;
}

/**
 * The kernel as it would run on an adapter whose subgroups have `size` lanes: functions of its own take the place of WGSL's. Each lane of a subgroup
 * has some elements of each result; an operand is where it lies, for nobody writes a tile while it is used. Sizes and orders are those that the
 * text says, so that a text that mixes up rows and columns gives wrong numbers or none.
 */
export function inSoftware(kernel: Kernel, size: number, bug?: Bug): Kernel {
  const text = bug ? kernel.code.replaceAll(bug.find, bug.replace) : kernel.code;
  const kinds = (pattern: RegExp): string[][] => [...new Map([...text.matchAll(pattern)].map((found) => [found[0], [...found]])).values()];
  const [[, columnsText, rowsText] = [], ...others] = kinds(/subgroup_matrix_result<f32, (\d+), (\d+)>/g);
  if (others.length > 0) throw new Error(`inSoftware: needs one size of results, got ${others.length + 1}`);
  const [columns, rows] = [Number(columnsText), Number(rowsText)];
  const [left, right] = (['left', 'right'] as const).map((side): Loads => {
    const [found, ...rest] = kinds(new RegExp(`subgroupMatrixLoad<subgroup_matrix_${side}<f32, (\\d+), (\\d+)>, (row|col)_major>\\(&(\\w+), `, 'g'));
    if (!found || rest.length > 0) throw new Error(`inSoftware: needs one kind of ${side} matrices, got ${text}`);
    const [call, across, down, major, tile] = found as [string, string, string, string, string];
    const element = (row: string, column: string): string => `${tile}[${side}.x + ${major === 'row' ? `${row} * ${side}.y + ${column}` : `${column} * ${side}.y + ${row}`}]`;
    return { call, across: Number(across), down: Number(down), element };
  }) as [Loads, Loads];
  const depth = left.across;
  if (left.down !== rows || right.down !== depth || right.across !== columns) throw new Error(`inSoftware: needs matrices whose sizes go together, got ${JSON.stringify([left, right])} for ${rows} x ${columns}`);
  const own = Math.ceil((rows * columns) / size);
  const results = [...text.matchAll(/var sum\w+ = subgroup_matrix_result/g)].length;
  const functions = `
var<private> softLane: u32;
// Of result after result the elements that this lane has.
var<private> softSums: array<f32, ${results * own}>;

fn softLoad(origin: u32, stride: u32) -> vec2u {
  return vec2u(origin, stride);
}

fn softMultiply(left: vec2u, right: vec2u, result: u32) -> u32 {
  for (var i = 0u; i < ${own}u; i++) {
    let element = i * ${size}u + softLane;
    if (element < ${rows * columns}u) {
      var sum = softSums[result * ${own}u + i];
      for (var k = 0u; k < ${depth}u; k++) {
        sum += ${left.element(`element / ${columns}u`, 'k')} * ${right.element('k', `element % ${columns}u`)};
      }
      softSums[result * ${own}u + i] = sum;
    }
  }
  return result;
}

fn softStore(origin: u32, result: u32, stride: u32) {
  for (var i = 0u; i < ${own}u; i++) {
    let element = i * ${size}u + softLane;
    if (element < ${rows * columns}u) {
      strip[origin + element / ${columns}u * stride + element % ${columns}u] = softSums[result * ${own}u + i];
    }
  }
}

@compute`;
  let made = 0;
  const code = [left, right].reduce((changed, { call }) => changed.replaceAll(call, 'softLoad('), text)
    .replace('enable chromium_experimental_subgroup_matrix;\n', '')
    .replace(/\n *@builtin\(subgroup_id\) subgroup: u32,/, '')
    .replace(/subgroup_matrix_result<f32, \d+, \d+>\(\)/g, () => `${made++}u`)
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'softMultiply(')
    .replaceAll('subgroupMatrixStore<row_major>(&strip, ', 'softStore(')
    .replace('let group = ', `let subgroup = lane / ${size}u;\n  softLane = lane % ${size}u;\n  let group = `)
    .replace('@compute', functions);
  if (/subgroup_?[mM]atrix|subgroup_id/.test(code)) throw new Error(`inSoftware: needs subgroup functions that it knows, got ${code}`);
  return { ...kernel, name: `${kernel.name} of ${size}`, code, enables: [] };
}

const isMatrixKernel = ({ name }: Kernel): boolean => name.includes('/subgroup-matrix');

/** Lets all kernels of a plan that multiply matrices in subgroups do so in software, with subgroups of `size` lanes; `bug`: in those whose text has it. */
export const alterMatrices = (size: number, bug?: Bug): Alter => (plan) => {
  if (bug && !plan.launches.some(({ kernel }) => isMatrixKernel(kernel) && kernel.code.includes(bug.find))) throw new Error(`alterMatrices: needs a text with ${bug.find}, got none`);
  return { ...plan, launches: plan.launches.map((launch) => (isMatrixKernel(launch.kernel) ? { ...launch, kernel: inSoftware(launch.kernel, size, bug) } : launch)) };
};
