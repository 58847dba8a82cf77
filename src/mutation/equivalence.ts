import type { Tensor } from '../ops/tensor.ts';
import type { Launch } from '../program/plan.ts';
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
  if (!['x, operand0', 'operand0, x'].includes(`${a.binding}, ${b.binding}`)) return undefined;
  const steps = [...(bodyOf(code, 'chain') ?? '').matchAll(/value = (\w+)\(value(.*)\);/g)].map(([, step, operands]) => ({ step: step!, operands: operands! }));
  const at = steps.findIndex(({ operands }) => operands.includes('load_operand0'));
  const operation = steps[at]?.step;
  // Factors before it belong to the product as much as to x; what follows must see no more than the result.
  const before = steps.slice(0, Math.max(0, at)).every(({ step }) => /^return x \* [^;]*;$/.test(bodyOf(code, step) ?? ''));
  if (operation === undefined || !before || steps.slice(at + 1).some(({ operands }) => /load_(x|operand0)/.test(operands))) return undefined;
  const loads = [bodyOf(code, 'load_x')?.replaceAll('x[', 'operand0['), bodyOf(code, 'load_operand0')];
  const [, symbol] = /^return a ([+*]) b;$/.exec(bodyOf(code, operation) ?? '') ?? [];
  if (symbol === '+' && at > 0) return undefined;
  return symbol !== undefined && loads[0] !== undefined && loads[0] === loads[1] ? `a ${symbol} b is b ${symbol} a, and both are read in the same way` : undefined;
}

/** Kernels whose output has the sign of their input x, and kernels that ask operand0 for nothing but its sign. */
const KEEPS_SIGN = /^(relu|leakyRelu)$/;
const ASKS_SIGN = /^(relu|leakyRelu)Backward$/;

/** Why reading `other` instead of an operand changes nothing, if it does not. */
export function keepsSign({ kernel }: Launch, read: Bound, writer: Launch | undefined, other: Tensor): string | undefined {
  if (!ASKS_SIGN.test(kernel.name) || read.binding !== 'operand0' || !writer || !KEEPS_SIGN.test(writer.kernel.name)) return undefined;
  const isInput = readsOf(writer).some(({ binding, tensor }) => binding === 'x' && tensor.id === other.id);
  return isInput ? 'a rectifier\'s output is above 0 exactly where its input is, and only that is asked' : undefined;
}
