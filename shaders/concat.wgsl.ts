import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { plus, times, wgsl } from './wgsl.ts';

/** Parts [outer, sizes[i], inner], one behind the other along the middle axis. */
export interface ConcatSpec {
  readonly outer: number;
  readonly inner: number;
  readonly sizes: readonly number[];
  readonly type: 'f32' | 'u32';
}

/** out[o, j, i] = part[o, j - start of the part, i]: each lane copies one element from the part in which it stands. */
export function concatKernel({ outer, inner, sizes, type }: ConcatSpec): Kernel {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const count = outer * total * inner;
  let end = 0;
  const branches = sizes.map((size, part) => {
    const start = end;
    end += size;
    const row = times('block', size * inner);
    const index = plus(row, 0) + ` + (place - ${start * inner}u)`;
    const condition = part === sizes.length - 1 ? '' : `if (place < ${end * inner}u) `;
    return `${part > 0 ? ' else ' : ''}${condition}{\n    out[lane] = x${part}[${index}];\n  }`;
  });
  return laneKernel({
    name: 'concat',
    formula: `out = ${sizes.map((_, part) => `x${part}`).join(' | ')} along the middle axis of [${outer}, ${total}, ${inner}]`,
    declarations: [
      ...sizes.map((size, part) => ({ name: `x${part}`, access: 'read' as const, type: arrayType(outer * size * inner, false, type) })),
      { name: 'out', access: 'write', type: arrayType(count, false, type) },
    ],
    count,
    body: wgsl`
let block = lane / ${total * inner}u;
  let place = lane % ${total * inner}u;
  ${branches.join('')}`,
  });
}
