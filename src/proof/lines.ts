import type { Shape } from '../reference/tensor.ts';
import { sizeOf } from '../reference/tensor.ts';
import type { Options } from './proof.ts';

/** The lines of a tensor along the option `axis` (default the last): list[line·length + k] is element k of a line. */
export interface Lines {
  readonly length: number;
  readonly list: Int32Array;
  /** The line of each element. */
  readonly lineOf: Int32Array;
}

export function linesAlong(shape: Shape, { axis = -1 }: Options): Lines {
  const at = Number(axis) < 0 ? Number(axis) + shape.length : Number(axis);
  const length = shape[at];
  const inner = sizeOf(shape.slice(at + 1));
  const list = new Int32Array(sizeOf(shape));
  const lineOf = new Int32Array(list.length);
  for (let k = 0; k < list.length; k++) {
    const line = Math.floor(k / length);
    const i = (Math.floor(line / inner) * length + k % length) * inner + line % inner;
    list[k] = i;
    lineOf[i] = line;
  }
  return { length, list, lineOf };
}
