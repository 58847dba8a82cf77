import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { times, wgsl } from './wgsl.ts';

/** One axis: its size without padding, and how much stands before and after it. */
export interface PaddedAxis {
  readonly size: number;
  readonly before: number;
  readonly after: number;
}

export interface PadSpec {
  /** Outermost first. */
  readonly axes: readonly PaddedAxis[];
  readonly mode: 'reflect' | 'replicate';
  readonly type: 'f32' | 'u32';
}

const inner = ({ axes }: PadSpec): number => axes.reduce((product, { size }) => product * size, 1);
const outer = ({ axes }: PadSpec): number => axes.reduce((product, { size, before, after }) => product * (size + before + after), 1);

function stridesOf(sizes: readonly number[]): number[] {
  return sizes.map((_, axis) => sizes.slice(axis + 1).reduce((product, size) => product * size, 1));
}

/** Which element of the axis stands at `place` of the padded one. */
function sourceText({ size, before }: PaddedAxis, mode: PadSpec['mode']): string {
  if (mode === 'replicate') return `u32(clamp(i32(place) - ${before}i, 0i, ${size - 1}i))`;
  return wgsl`u32(${size - 1}i - abs(${size - 1}i - abs(i32(place) - ${before}i)))`.trim();
}

/** out[place] = x[source(place)]: padding repeats elements, mirrored at the edge (which is not repeated) or the edge itself. */
export function padKernel(spec: PadSpec): Kernel {
  const strides = stridesOf(spec.axes.map(({ size }) => size));
  const padded = spec.axes.map(({ size, before, after }) => size + before + after);
  const parts = spec.axes.map((axis, index) => wgsl`
  {
    let place = ${index === 0 ? 'rest' : `rest % ${padded[index]!}u`};
#if ${index > 0}
    rest = rest / ${padded[index]!}u;
#endif
    index += ${times(axis.before + axis.after > 0 ? sourceText(axis, spec.mode) : 'place', strides[index]!)};
  }`).reverse();
  return laneKernel({
    name: `pad-${spec.mode}`,
    formula: `out[place] = x[source(place)], out [${padded.join(', ')}], x [${spec.axes.map(({ size }) => size).join(', ')}]`,
    declarations: [{ name: 'x', access: 'read', type: arrayType(inner(spec), false, spec.type) }, { name: 'out', access: 'write', type: arrayType(outer(spec), false, spec.type) }],
    count: outer(spec),
    body: wgsl`
var rest = lane;
  var index = 0u;
${parts.map((part) => part.replace(/\n$/, '')).join('\n')}
  out[lane] = x[index];`,
  });
}

/**
 * dx[i] = Σ dout over the places that show x[i]: along each axis one run of them (replicate), or up to three (reflect): the
 * element itself and its mirror images before and after. The order of the sum is fixed.
 */
export function padBackwardKernel(spec: PadSpec): Kernel {
  const strides = stridesOf(spec.axes.map(({ size, before, after }) => size + before + after));
  const places = spec.axes.map(({ size }, axis) => wgsl`
  let i${axis} = ${axis === 0 ? 'rest' : `rest % ${size}u`};
#if ${axis > 0}
  rest = rest / ${size}u;
#endif`).reverse();
  let [open, close, indent] = ['', '', '  '];
  const terms: string[] = [];
  spec.axes.forEach(({ size, before, after }, axis) => {
    const stride = strides[axis]!;
    if (before + after === 0) {
      terms.push(times(`i${axis}`, stride));
      return;
    }
    terms.push(times(`p${axis}`, stride));
    if (spec.mode === 'replicate') {
      open += `${indent}for (var p${axis} = select(i${axis} + ${before}u, 0u, i${axis} == 0u); p${axis} <= i${axis} + ${before}u + select(0u, ${after}u, i${axis} == ${size - 1}u); p${axis}++) {\n`;
    } else {
      // The element itself, its image before, its image after. What is no place wraps to a large number.
      open += `${indent}for (var image${axis} = 0u; image${axis} < 3u; image${axis}++) {\n`
        + `${indent}  let p${axis} = select(select(${2 * (size - 1) + before}u - i${axis}, ${before}u - i${axis}, image${axis} == 1u), ${before}u + i${axis}, image${axis} == 0u);\n`
        + `${indent}  let isBefore${axis} = (i${axis} > 0u) && (i${axis} <= ${before}u);\n`
        + `${indent}  let isAfter${axis} = (i${axis} + 1u < ${size}u) && (p${axis} < ${size + before + after}u);\n`
        + `${indent}  if (image${axis} > 0u && !select(isAfter${axis}, isBefore${axis}, image${axis} == 1u)) {\n${indent}    continue;\n${indent}  }\n`;
    }
    close = `${indent}}\n${close}`;
    indent += '  ';
  });
  return laneKernel({
    name: `pad-${spec.mode}-backward`,
    formula: `dx[i] = Σ over the places that show x[i] of dout, x [${spec.axes.map(({ size }) => size).join(', ')}]`,
    declarations: [{ name: 'dout', access: 'read', type: arrayType(outer(spec)) }, { name: 'dx', access: 'write', type: arrayType(inner(spec)) }],
    count: inner(spec),
    body: `var rest = lane;
${places.map((part) => part.replace(/\n$/, '')).join('\n')}
  var sum = 0.0;
${open}${indent}sum += dout[${terms.join(' + ')}];
${close}  dx[lane] = sum;`,
  });
}
