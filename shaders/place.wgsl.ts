import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { float, times, wgsl } from './wgsl.ts';

export interface PlaceSpec {
  /** Of the output, outermost first: its size, and where in it x stands (`count` elements from `start` on, `step` apart). */
  readonly axes: readonly { readonly size: number; readonly start: number; readonly count: number; readonly step: number }[];
  /** What stands everywhere else. */
  readonly value: number;
  readonly type: 'f32' | 'u32';
}

/** One axis of an element's place in the output, taken off `rest` from the innermost axis on. */
function axisText({ size, start, count, step }: PlaceSpec['axes'][number], axis: number, isOutermost: boolean, stride: number): string {
  const place = `place${axis}`;
  // A place before the start wraps to a number above every count.
  const distance = start > 0 ? `${place} - ${start}u` : place;
  return wgsl`
  let ${place} = ${isOutermost ? 'rest' : `rest % ${size}u`};
#if ${!isOutermost}
  rest = rest / ${size}u;
#endif
  let distance${axis} = ${distance};
  inside = inside && distance${axis} < ${(count - 1) * step + 1}u${step > 1 ? ` && distance${axis} % ${step}u == 0u` : ''};
  index += ${times(step > 1 ? `distance${axis} / ${step}u` : `distance${axis}`, stride)};`;
}

/** out[i] = x[(i - start) / step] where that is an element of x, else `value`. The gradient of a slice, and padding with a number. */
export function placeKernel({ axes, value, type }: PlaceSpec): Kernel {
  const count = axes.reduce((product, { size }) => product * size, 1);
  const inner = axes.reduce((product, axis) => product * axis.count, 1);
  let stride = inner;
  const strides = axes.map((axis) => (stride /= axis.count));
  const order = axes.map((_, axis) => axis).reverse();
  return laneKernel({
    name: 'place',
    formula: `out[i] = x[(i - start) / step] inside of start, start + step, …, else ${value}; out [${axes.map(({ size }) => size).join(', ')}], x [${axes.map((axis) => axis.count).join(', ')}]`,
    declarations: [
      { name: 'x', access: 'read', type: arrayType(inner, false, type) },
      { name: 'out', access: 'write', type: arrayType(count, false, type) },
    ],
    count,
    body: wgsl`
var rest = lane;
  var inside = true;
  var index = 0u;
${order.map((axis) => axisText(axes[axis]!, axis, axis === 0, strides[axis]!).replace(/\n$/, '')).join('\n')}
  var value = ${type === 'u32' ? `${value}u` : float(value)};
  if (inside) {
    value = x[index];
  }
  out[lane] = value;`,
  });
}
