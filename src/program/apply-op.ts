import { checkObject, OptionError, show } from '../errors.ts';
import { ops } from '../ops/index.ts';
import type { Op, Options } from '../ops/op.ts';
import type { Tensor } from '../ops/tensor.ts';
import { currentTrace } from './trace.ts';

/**
 * Applies an op in the forward function or objective that is being traced: one of the library by its name, or your own
 * as `defineOp` returned it. `inputs` are tensors by the op's own names for them; returns its output.
 * Throws an OptionError for an op that nobody defined, and what the op's shape rule throws.
 */
export function applyOp(op: Op | string, inputs: Readonly<Record<string, Tensor | undefined>>, options: Options = {}): Tensor {
  const name = typeof op === 'string' ? op : (op as Op | null)?.name;
  const known = typeof name === 'string' && Object.hasOwn(ops, name) ? ops[name]! : undefined;
  if (!known) throw new OptionError('applyOp', `an op among ${Object.keys(ops).join(', ')}`, show(name), 'Make your own op known with defineOp.');
  if (typeof op !== 'string' && known !== op) {
    throw new OptionError('applyOp', `the op that defineOp knows as ${name}`, 'another record of that name', 'Pass on what defineOp returned.');
  }
  checkObject('applyOp', `tensors by name (${known.inputs.join(', ')})`, inputs);
  const stranger = Object.keys(inputs).find((input) => !known.inputs.includes(input));
  if (stranger !== undefined) throw new OptionError('applyOp', `inputs of ${known.name} among ${known.inputs.join(', ')}`, show(stranger));
  checkObject('applyOp', 'options as an object', options);
  return currentTrace(known.name).apply(known, inputs, options);
}
