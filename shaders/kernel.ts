import { wgsl } from './wgsl.ts';

/**
 * How a kernel uses a binding. `write` means that it overwrites every element; it never adds. `part`: it overwrites some elements and may
 * read what earlier launches wrote into the others; the launches that bind the tensor so write all of it together.
 */
export type Access = 'read' | 'write' | 'part' | 'update' | 'uniform';

export interface Binding {
  /** The variable's name in the WGSL, and the key under which a request gives the tensor. */
  readonly name: string;
  readonly access: Access;
}

/** What a text may enable beyond plain WGSL. */
export type Enable = 'subgroups' | 'f16' | 'chromium_experimental_subgroup_matrix';

/** A compute shader as a value. The entry point is `main`. */
export interface Kernel {
  /** For labels and reports: `matmul-nt/register`. */
  readonly name: string;
  /** Lanes in a workgroup; one-dimensional always. */
  readonly workgroupSize: number;
  readonly code: string;
  readonly bindings: readonly Binding[];
  /** True where `count` counts whole workgroups; else it counts lanes. */
  readonly cooperative: boolean;
  /** How many lanes or workgroups do the whole work. Only the runtime divides it into dispatches. */
  readonly count: number;
  /** What the text enables: it compiles only on a device that has it. */
  readonly enables?: readonly Enable[];
}

/** One declared buffer of a kernel. `type` is WGSL: `array<f32, 12>`. */
export interface Declaration extends Binding {
  readonly type: string;
}

/** Lanes in a workgroup of the kernels without workgroup memory. */
export const LANES = 64;

/** The letter of a type's vectors. */
const LETTERS = { f32: 'f', u32: 'u', f16: 'h' } as const;

/** `array<f32, n>`, or `array<vec4f, n / 4>` when `vector`. Fixed sizes let the compiler prove indices in bounds. */
export function arrayType(count: number, vector = false, type: keyof typeof LETTERS = 'f32'): string {
  return vector ? `array<vec4${LETTERS[type]}, ${count / 4}>` : `array<${type}, ${count}>`;
}

/** A spec of a kernel that can read or write some of its buffers as f16. */
export interface HalfSpec {
  /** The bindings that hold f16; all others hold f32. Default none. */
  readonly half?: readonly string[];
}

/** The type of a binding's numbers. */
export const halfOr = ({ half }: HalfSpec, binding: string): 'f16' | 'f32' => (half?.includes(binding) ? 'f16' : 'f32');

/** The number at an index of a binding, as f32. */
export const numberText = (spec: HalfSpec, binding: string, index: string): string => (halfOr(spec, binding) === 'f16' ? `f32(${binding}[${index}])` : `${binding}[${index}]`);

/** What a kernel's name says of its f16 buffers. */
export const halfName = ({ half = [] }: HalfSpec): string => (half.length > 0 ? `/f16 ${half.join(' ')}` : '');

/** True for a buffer that `arrayType` declared as f16. */
const isHalf = ({ type }: Declaration): boolean => /^array<(?:vec4h|f16),/.test(type);

/** How kernels that write f16 convert: WGSL leaves open what a number beyond f16's range becomes, and the loss scale has to find it. */
const TO_HALF = wgsl`
// f16 of x, infinite beyond 65504 on every device.
fn toHalf(x: f32) -> f16 {
  let infinite = bitcast<vec2h>(((bitcast<u32>(x) >> 16u) & 0x8000u) | 0x7c00u).x;
  return select(f16(x), infinite, abs(x) > 65504.0);
}

fn toHalves(x: vec4f) -> vec4h {
  return vec4h(toHalf(x.x), toHalf(x.y), toHalf(x.z), toHalf(x.w));
}
`;

/** What every step shares: its number, where its batch starts, and the optimiser's scalars for this step. */
export const STEP_STRUCT = wgsl`
struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}
`;

/** Bytes of `Step`. */
export const STEP_BYTES = 48;

function declare(declarations: readonly Declaration[]): string {
  return declarations.map(({ name, access, type }, index) => {
    const space = access === 'uniform' ? 'uniform' : access === 'read' ? 'storage, read' : 'storage, read_write';
    return `@group(0) @binding(${index}) var<${space}> ${name}: ${type};`;
  }).join('\n');
}

interface Parts {
  readonly name: string;
  /** What the kernel computes: the comment on top of its text. */
  readonly formula: string;
  readonly declarations: readonly Declaration[];
  /** Functions, constants and workgroup variables, before `main`. */
  readonly functions?: string;
  readonly body: string;
  /** What the text enables beside what its buffers need. Default nothing. */
  readonly enables?: readonly Enable[];
  readonly workgroupSize?: number;
  /** Lanes for a lane kernel, workgroups for a workgroup kernel. */
  readonly count: number;
}

/** What a text enables: f16 where it declares a buffer of that, and what its maker says. */
function enablesOf({ declarations, enables = [] }: Parts): { readonly enables: readonly Enable[] } {
  return { enables: declarations.some(isHalf) ? ['f16', ...enables] : enables };
}

function header(parts: Parts): string {
  const { formula, declarations, functions = '' } = parts;
  const { enables } = enablesOf(parts);
  const writesHalf = declarations.some((declaration) => isHalf(declaration) && declaration.access !== 'read');
  const usesStep = declarations.some(({ type }) => type === 'Step');
  return `// ${formula.trim().split('\n').map((line) => line.trim()).join('\n// ')}
${enables.length > 0 ? `enable ${enables.join(', ')};\n` : ''}${usesStep ? `\n${STEP_STRUCT}` : ''}
${declare(declarations)}
${writesHalf ? `\n${TO_HALF}` : ''}${functions ? `\n${functions.trim()}\n` : ''}`;
}

function bindingsOf(declarations: readonly Declaration[]): Binding[] {
  return declarations.map(({ name, access }) => ({ name, access }));
}

/** The text with each line as deep as the brackets that stand open before it: parts of a template need not know how deep they come to stand. */
function indented(code: string): string {
  let depth = 0;
  return code.split('\n').map((line) => {
    const text = line.trim();
    if (/^[})]/.test(text)) depth--;
    const continues = /^[+*-] /.test(text) ? 1 : 0;
    const found = text === '' ? '' : `${'  '.repeat(depth + continues)}${text}`;
    if (/[{(]$/.test(text.replace(/\/\/.*$/, ''))) depth++;
    return found;
  }).join('\n');
}

/**
 * A kernel in which each lane works alone. `body` sees `lane` in [0, count); the host starts at least `count` lanes
 * and folds them over two dimensions where one holds too few.
 */
export function laneKernel(parts: Parts): Kernel {
  const workgroupSize = parts.workgroupSize ?? LANES;
  const code = indented(wgsl`
${header(parts)}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * ${workgroupSize}u) + invocation.x;
  if (lane >= ${parts.count}u) {
    return;
  }
  ${parts.body.trim()}
}
`);
  return { name: parts.name, workgroupSize, code, bindings: bindingsOf(parts.declarations), cooperative: false, count: parts.count, ...enablesOf(parts) };
}

/**
 * A kernel whose lanes work together through workgroup memory. `body` sees `group` (which may be ≥ the count that the
 * host asked for: guard the stores, not the barriers), `lane` in [0, workgroupSize), and what `builtins` declares.
 */
export function workgroupKernel(parts: Parts & { readonly workgroupSize: number; readonly builtins?: string }): Kernel {
  const code = indented(wgsl`
${header(parts)}
@compute @workgroup_size(${parts.workgroupSize})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,${parts.builtins ?? ''}
) {
  let group = workgroup.y * groups.x + workgroup.x;
  ${parts.body.trim()}
}
`);
  return { name: parts.name, workgroupSize: parts.workgroupSize, code, bindings: bindingsOf(parts.declarations), cooperative: true, count: parts.count, ...enablesOf(parts) };
}

/** Lanes in a workgroup of four quads: a software adapter runs one quad after the other, and small groups spread over its threads. */
const QUAD_LANES = 16;

/**
 * A kernel whose lanes exchange values within a quad: four neighbours that run as one (`Target.quads`). `body` sees `quad` in
 * [0, count), `place` in [0, 4) within it, and `isLive`: false in quads beyond the last, which work on with it, because all four lanes
 * must come to an exchange, and may store nothing.
 */
export function quadKernel(given: Parts): Kernel {
  const parts: Parts = { ...given, enables: ['subgroups'] };
  const workgroupSize = parts.workgroupSize ?? QUAD_LANES;
  const code = indented(wgsl`
${header(parts)}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * ${workgroupSize}u) + invocation.x;
  let isLive = lane < ${parts.count * 4}u;
  let place = lane % 4u;
  let quad = min(lane / 4u, ${parts.count - 1}u);
  ${parts.body.trim()}
}
`);
  return {
    name: parts.name, workgroupSize, code, bindings: bindingsOf(parts.declarations), cooperative: false, count: parts.count * 4, ...enablesOf(parts),
  };
}
