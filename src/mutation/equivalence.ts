import { FORMULAS } from '../../shaders/formulas.wgsl.ts';
import type { Tensor } from '../ops/tensor.ts';
import type { Launch, ProgramPlan } from '../program/plan.ts';
import { readsOf, type Bound } from './plans.ts';

// Rules by which a planted bug is known to change no number, from the texts and bindings alone: nobody looks at results.

/** The body of a function of a WGSL text. */
function bodyOf(code: string, name: string): string | undefined {
  return new RegExp(`fn ${name}\\([^)]*\\)[^{]*\\{\\n([^}]*)\\}`).exec(code)?.[1]?.trim();
}

/** Why exchanging two operands of a launch changes nothing, if it does not. */
export function exchangeIsHarmless({ kernel }: Launch, a: Bound, b: Bound): string | undefined {
  if (a.tensor.id === b.tensor.id) return 'both operands are the same tensor';
  const { code } = kernel;
  if (`${a.binding}, ${b.binding}` === 'out, dout') return isRowDot(code) ? 'dout · out is out · dout, and both are read in the same way' : undefined;
  // One element and its loss's gradient: dtarget = … · upstream · -x.
  if (`${a.binding}, ${b.binding}` === 'x, upstream' && code.includes('\n// slope = -x\n')) return 'a * b is b * a, and both are read in the same way';
  if (isProductOfLoads(code, a.binding, b.binding)) return 'a * b is b * a, and both are read in the same way';
  if (!['x, operand0', 'operand0, x'].includes(`${a.binding}, ${b.binding}`)) return undefined;
  const steps = [...(bodyOf(code, 'chain') ?? bodyOf(code, 'prologue') ?? '').matchAll(/value = (\w+)\(value(.*)\);/g)].map(([, step, operands]) => ({ step: step!, operands: operands! }));
  const at = steps.findIndex(({ operands }) => operands.startsWith(', load_operand0('));
  const operation = steps[at]?.step;
  if (operation === undefined || steps.slice(at + 1).some(({ operands }) => /load_(x|operand0)/.test(operands))) return undefined;
  const loads = [bodyOf(code, 'load_x')?.replaceAll('x[', 'operand0['), bodyOf(code, 'load_operand0')];
  if (loads[0] === undefined || loads[0] !== loads[1]) return undefined;
  // Factors before it belong to the product as much as to x; what follows must see no more than the result.
  const before = steps.slice(0, at).every(({ step }) => /^return x \* [^;]*;$/.test(bodyOf(code, step) ?? ''));
  if (before && (isProduct(code, operation) || operation === 'divBackwardB')) return 'a * b is b * a, and both are read in the same way';
  return at === 0 && FORMULAS[operation]?.commutes ? `${operation}(a, b) is ${operation}(b, a), and both are read in the same way` : undefined;
}

/** Whether a function asks its first two parameters for nothing but their product, as its text says it (that of division, -dout · (a / b) / b, does not). */
function isProduct(code: string, name: string): boolean {
  const [, first, second] = new RegExp(`fn ${name}\\((\\w+): Value, (\\w+): Value`).exec(code) ?? [];
  if (first === undefined) return false;
  // Behind a division the first factor would belong to the divisor.
  const rest = (bodyOf(code, name) ?? '').replaceAll(/\/\/.*/g, '').replaceAll(new RegExp(`(?<!/ )\\b${first} \\* ${second}\\b`, 'g'), 'product');
  return rest.includes('product') && !new RegExp(`\\b(${first}|${second})\\b`).test(rest);
}

/** Whether a kernel reads two bindings once each, at the same place, as factors of one product. */
function isProductOfLoads(code: string, a: string, b: string): boolean {
  const body = code.slice(code.indexOf('fn main'));
  const loads = (name: string): number => [...body.matchAll(new RegExp(`\\b${name}\\[`, 'g'))].length;
  return loads(a) === 1 && loads(b) === 1 && new RegExp(`\\+= ${a}\\[(\\w+)\\] \\* \\(?${b}\\[\\1\\]( \\* [^;+-]*)?\\)?;`).test(body);
}

/** Whether a kernel asks dout and out for nothing but their dot products, row by row, and both lie without gaps. */
function isRowDot(code: string): boolean {
  const number = (pattern: RegExp): number => Number(pattern.exec(code)?.[1] ?? NaN);
  const columns = number(/let startOut = row \* (\d+)u;/);
  const body = code.slice(code.indexOf('fn main'));
  const dots = [...body.matchAll(/inner \+= dot\(dout\d+, [^;]*\bout\[[^;]*\);/g)].length;
  return dots > 0 && dots === [...body.matchAll(/let dout\d+ = /g)].length && [...body.matchAll(/\bout\[/g)].length === [...body.matchAll(/\bdout\[/g)].length
    && new RegExp(`let startDout = matrix \\* ${number(/let t = row % (\d+)u;/) * columns}u \\+ t${columns === 1 ? '' : ` \\* ${columns}u`};`).test(code);
}

/** Why places that a launch writes may be a little too large, if they may: whole numbers below `bound` that are read back as such. */
export function isTruncated(plan: ProgramPlan, { kernel, tensors }: Launch, binding: string, value: string, bound: number): string | undefined {
  const tensor = tensors[kernel.bindings.findIndex(({ name }) => name === binding)];
  const [, place] = /^f32\((\w+)\)$/.exec(value) ?? [];
  // It starts at its largest value, or is a remainder, or a part of one.
  const [, top, parts = '1'] = new RegExp(`(?:var ${place} = (?=\\d+u;)|let ${place} = \\w+ % )(\\d+)u(?: / (\\d+)u)?`).exec(kernel.code) ?? [];
  const most = top === undefined ? Infinity : Math.ceil(Number(top) / Number(parts));
  if (!tensor || place === undefined || most >= bound || plan.meanings.has(tensor.id)) return undefined;
  const readers = plan.launches.flatMap((launch) => readsOf(launch).filter((read) => read.tensor.id === tensor.id).map((read) => ({ code: launch.kernel.code, name: read.binding })));
  const isWhole = ({ code, name }: { code: string; name: string }): boolean => {
    const body = code.slice(code.indexOf('fn main'));
    return [...body.matchAll(new RegExp(`\\b${name}\\[`, 'g'))].length === [...body.matchAll(new RegExp(`u32\\(${name}\\[`, 'g'))].length;
  };
  return readers.every(isWhole) ? `a place below ${bound} is read back without what stands behind the point` : undefined;
}

/** Kernels whose output lies in the same piece as their input x, and kernels that ask operand0 for nothing but its piece. */
const KEEPS_PIECE = /^(relu|leakyRelu|relu6)$/;
const ASKS_PIECE = /^(relu|leakyRelu|relu6)Backward$/;

/** Why reading `other` instead of an operand changes nothing, if it does not. */
export function keepsPiece(launch: Launch, read: Bound, writer: Launch | undefined, other: Tensor): string | undefined {
  const { kernel } = launch;
  if (kernel.name.endsWith('powBackwardB') && read.binding === 'operand2' && readsOf(launch).some(({ binding, tensor }) => binding === 'operand1' && tensor.id === other.id)) {
    return 'the exponent is asked for its sign alone, where the base is 0, and 0 is no less than 0';
  }
  if (!ASKS_PIECE.test(kernel.name) || read.binding !== 'operand0' || !writer || `${writer.kernel.name}Backward` !== kernel.name || !KEEPS_PIECE.test(writer.kernel.name)) return undefined;
  const isInput = readsOf(writer).some(({ binding, tensor }) => binding === 'x' && tensor.id === other.id);
  return isInput ? 'a rectifier\'s output is above 0 (and below 6) exactly where its input is, and only that is asked' : undefined;
}
