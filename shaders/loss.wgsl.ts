import { arrayType, type Declaration } from './kernel.ts';

/**
 * A loss over [rows, columns]: rowLoss[row] = Σ over its columns, and in the same launch the gradient of
 * scale · Σ rowLoss with respect to the input.
 */
export interface LossSpec {
  readonly rows: number;
  readonly columns: number;
  readonly scale: number;
}

/** The bindings of every loss kernel; `target` is the WGSL type of the expected values. */
export const lossDeclarations = ({ rows, columns }: LossSpec, target: string): Declaration[] => [
  { name: 'x', access: 'read', type: arrayType(rows * columns) },
  { name: 'expected', access: 'read', type: target },
  { name: 'rowLoss', access: 'write', type: arrayType(rows) },
  { name: 'dx', access: 'write', type: arrayType(rows * columns) },
];
