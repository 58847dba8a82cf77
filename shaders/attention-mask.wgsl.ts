import {
  chunkText, each, inputDeclaration, LOWEST, maskDeclaration, maskFunction, matrixStart, rowStart, sharedMatrix, type AttentionBackwardSpec, type AttentionMask,
} from './attention-parts.wgsl.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { float, times, wgsl } from './wgsl.ts';

export interface MaskGradientSpec extends AttentionBackwardSpec {
  readonly mask: AttentionMask;
  /** [..., heads, T, S]: what the mask broadcasts to. */
  readonly scores: readonly number[];
  /** The mask's own. */
  readonly shape: readonly number[];
}

interface Axis {
  readonly size: number;
  /** How far a step along it is among the rows of all queries; undefined for the axis of keys. */
  readonly rows: number | undefined;
}

/** Digits of a number that counts over axes, as what they add to the row of queries, or which key they are. */
function digits(axes: readonly Axis[], index: string, which: 'row' | 'key'): string[] {
  let divide = axes.reduce((product, { size }) => product * size, 1);
  return axes.flatMap(({ size, rows }, position) => {
    divide /= size;
    if ((rows === undefined) !== (which === 'key')) return [];
    const quotient = divide === 1 ? index : `${index} / ${divide}u`;
    return [times(position === 0 ? quotient : `${divide === 1 ? quotient : `(${quotient})`} % ${size}u`, rows ?? 1)];
  });
}

/**
 * dmask = Σ of dz over the axes along which the mask was stretched: one lane for each of its elements, which makes the scores
 * again that it was added to, one after the other.
 */
export function maskGradient(spec: MaskGradientSpec): Kernel {
  const shared = sharedMatrix(spec);
  const { matrices, queries, query, key, value, dout, scores, shape, scale, causal } = spec;
  const axes = scores.map((size, axis): Axis & { isOwn: boolean } => ({
    size, rows: axis === scores.length - 1 ? undefined : scores.slice(axis + 1, -1).reduce((product, one) => product * one, 1),
    isOwn: shape[axis - scores.length + shape.length] === size,
  })).filter(({ size }) => size > 1);
  const own = axes.filter(({ isOwn }) => isOwn);
  const stretched = axes.filter(({ isOwn }) => !isOwn);
  const repeats = stretched.reduce((product, { size }) => product * size, 1);
  const place = (which: 'row' | 'key'): string => [...digits(own, 'lane', which), ...digits(stretched, 'i', which)].join(' + ') || '0u';
  return laneKernel({
    name: 'attention-mask-gradient/lane',
    formula: 'dmask = Σ of dz over the stretched axes, dz = p · (dout · v - dout · out)',
    declarations: [
      inputDeclaration('query', query), inputDeclaration('key', key), inputDeclaration('value', value), ...maskDeclaration(spec), inputDeclaration('dout', dout),
      { name: 'rows', access: 'read', type: `array<vec4f, ${matrices * queries}>` },
      { name: 'dmask', access: 'write', type: arrayType(own.reduce((product, { size }) => product * size, 1)) },
    ],
    functions: maskFunction(spec),
    count: own.reduce((product, { size }) => product * size, 1),
    body: wgsl`
var total = 0.0;
  for (var i = 0u; i < ${repeats}u; i++) {
    let row = ${place('row')};
    let s = ${place('key')};
    let matrix = row / ${queries}u;
    let t = row % ${queries}u;
    let given = load_mask(row, s);
    if (given <= ${LOWEST}${causal ? ' || s > t' : ''}) {
      continue;
    }
    let startQuery = ${rowStart(query, matrixStart(query, 'matrix'), 't')};
    let startDout = ${rowStart(dout, matrixStart(dout, 'matrix'), 't')};
    let startKey = ${rowStart(key, matrixStart(key, shared), 's')};
    let startValue = ${rowStart(value, matrixStart(value, shared), 's')};
    var score = 0.0;
    ${each(query, (c) => `score += dot(
${chunkText('query', query, 'startQuery', c)},
${chunkText('key', key, 'startKey', c)},
);`)}
    var slope = 0.0;
    ${each(value, (c) => `slope += dot(
${chunkText('dout', dout, 'startDout', c)},
${chunkText('value', value, 'startValue', c)},
);`)}
    let known = rows[row];
    total += exp(score * ${float(scale)} + given - known.x) * known.y * (slope - known.z);
  }
  dmask[lane] = total;`,
  });
}
