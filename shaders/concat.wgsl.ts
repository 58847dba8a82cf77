import { indexText, type Access } from './chain.wgsl.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { plus, times, wgsl } from './wgsl.ts';

/** Parts [outer, sizes[i], inner], one behind the other along the middle axis. */
export interface ConcatSpec {
  readonly outer: number;
  readonly inner: number;
  readonly sizes: readonly number[];
  readonly type: 'f32' | 'u32';
  /** Where the elements of parts stand that do not lie row by row: of each part undefined, or its access as rows of `columns`. */
  readonly accesses?: readonly ({ readonly access: Access; readonly columns: number } | undefined)[];
}

/** out[o, j, i] = part[o, j - start of the part, i]: each lane copies one element from the part in which it stands. */
export function concatKernel({ outer, inner, sizes, type, accesses = [] }: ConcatSpec): Kernel {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const count = outer * total * inner;
  let end = 0;
  const branches = sizes.map((size, part) => {
    const start = end;
    end += size;
    const row = times('block', size * inner);
    const index = plus(row, 0) + ` + (place - ${start * inner}u)`;
    const given = accesses[part];
    const condition = part === sizes.length - 1 ? '' : `if (place < ${end * inner}u) `;
    const load = given
      ? `let element = ${index};\n    out[lane] = x${part}[${indexText(given.access, `(element / ${given.columns}u)`, `(element % ${given.columns}u)`)}];`
      : `out[lane] = x${part}[${index}];`;
    return `${part > 0 ? ' else ' : ''}${condition}{\n    ${load}\n  }`;
  });
  return laneKernel({
    name: 'concat',
    formula: `out = ${sizes.map((_, part) => `x${part}`).join(' | ')} along the middle axis of [${outer}, ${total}, ${inner}]`,
    declarations: [
      ...sizes.map((size, part) => ({ name: `x${part}`, access: 'read' as const, type: arrayType(accesses[part]?.access.count ?? outer * size * inner, false, type) })),
      { name: 'out', access: 'write', type: arrayType(count, false, type) },
    ],
    count,
    body: wgsl`
let block = lane / ${total * inner}u;
  let place = lane % ${total * inner}u;
  ${branches.join('')}`,
  });
}
