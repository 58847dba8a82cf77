import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { wgsl } from './wgsl.ts';

export interface SoftmaxSpec {
  readonly rows: number;
  readonly columns: number;
}

/** One lane makes one row; the row's maximum is subtracted, so that no exponential overflows. */
export function softmax({ rows, columns }: SoftmaxSpec): Kernel {
  return laneKernel({
    name: 'softmax/row',
    formula: 'out = e^(x - max) / Σ e^(x - max) over each row',
    declarations: [
      { name: 'x', access: 'read', type: arrayType(rows * columns) },
      { name: 'out', access: 'write', type: arrayType(rows * columns) },
    ],
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  var largest = x[start];
  for (var i = 1u; i < ${columns}u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    let weight = exp(x[start + i] - largest);
    out[start + i] = weight;
    total += weight;
  }
  let scale = 1.0 / total;
  for (var i = 0u; i < ${columns}u; i++) {
    out[start + i] *= scale;
  }`,
  });
}

/** One lane makes one row of the input's gradient. */
export function softmaxBackward({ rows, columns }: SoftmaxSpec): Kernel {
  return laneKernel({
    name: 'softmax-backward/row',
    formula: 'dx = y · (dout - Σ dout · y) over each row',
    declarations: [
      { name: 'dout', access: 'read', type: arrayType(rows * columns) },
      { name: 'y', access: 'read', type: arrayType(rows * columns) },
      { name: 'dx', access: 'write', type: arrayType(rows * columns) },
    ],
    count: rows,
    body: wgsl`
let start = lane * ${columns}u;
  var inner = 0.0;
  for (var i = 0u; i < ${columns}u; i++) {
    inner += dout[start + i] * y[start + i];
  }
  for (var i = 0u; i < ${columns}u; i++) {
    dx[start + i] = y[start + i] * (dout[start + i] - inner);
  }`,
  });
}
