import type { RandomStream } from '../data/philox.ts';
import { DataError, OptionError, show, ShapeError } from '../errors.ts';
import { sizeOf, type Shape } from '../ops/tensor.ts';
import type { Initializer } from './initializers.ts';

/** Refuses an option that is no initializer. */
export function checkInitializer(who: string, name: string, value: unknown): void {
  if (typeof (value as Initializer | null)?.fill !== 'function') {
    throw new OptionError(who, `${name} to be an initializer such as kaimingUniform()`, show(value));
  }
}

/** The start values of one parameter, checked: an initializer may be the caller's own. */
export function initialValues(initializer: Initializer, name: string, shape: Shape, random: RandomStream): Float32Array<ArrayBuffer> {
  const values = initializer.fill(shape, random);
  if (!(values instanceof Float32Array) || values.length !== sizeOf(shape)) {
    throw new ShapeError(name, `an initializer that returns a Float32Array of ${sizeOf(shape)} numbers`, show(values));
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new DataError(name, `finite numbers from its initializer ${show(initializer.name)}`, `${values[bad]} at element ${bad}`);
  return values;
}
