import { arrayType, laneKernel, type Declaration, type Kernel } from './kernel.ts';
import { foldNamed } from './fold.ts';
import { reduceParts, type ReduceSpec } from './reduce.wgsl.ts';
import { lines, plus, times, wgsl } from './wgsl.ts';

/** A fold over a range of its terms, which goes on from what earlier ranges have found and leaves that for later ones. */
export interface ReduceRangeSpec extends ReduceSpec {
  readonly range: {
    /** The terms of each result that earlier ranges had; 0 in the first. */
    readonly first: number;
    /** True in the last, which makes the results. */
    readonly isLast: boolean;
  };
}

/** Terms that are folded by themselves before they are joined, as in a fold of one piece. */
const PARTIAL = 256;

/** Numbers that a fold keeps of each result between two ranges. */
export const keptOf = ({ fold }: Pick<ReduceSpec, 'fold'>): number => foldNamed(fold).fields?.length ?? 1;

/** One lane makes one result. Between ranges a state lies as its fields, one behind the other for each result; a place is an integer that f32 holds. */
export function reduceRange(spec: ReduceRangeSpec): Kernel {
  const { range: { first: earlierTerms, isLast } } = spec;
  const { name, formula, declarations, functions, fold, outputs, terms, term, startOf, store } = reduceParts(isLast ? spec : { ...spec, scale: 1, epilogue: [] });
  const fields = fold.fields ?? [];
  const kept = keptOf(spec);
  const at = (index: number): string => plus(times('lane', kept), index);
  const isPlace = (field: string): boolean => field === 'place';
  const found = fields.length === 0 ? `before[${at(0)}]` : `State(${fields.map((field, index) => (isPlace(field) ? `u32(before[${at(index)}])` : `before[${at(index)}]`)).join(', ')})`;
  const result = earlierTerms > 0 ? 'state' : 'total';
  const fieldOf = (index: number): string => (fields.length === 0 ? result : isPlace(fields[index]!) ? `f32(${result}.${fields[index]!})` : `${result}.${fields[index]!}`);
  const states = arrayType(outputs * kept);
  const bound: Declaration[] = [
    ...(earlierTerms > 0 ? [{ name: 'before', access: 'read', type: states } as const] : []),
    ...(isLast ? [] : [{ name: 'after', access: 'write', type: states } as const]),
  ];
  return laneKernel({
    name: `${name}/range`,
    formula: `${formula}${earlierTerms > 0 ? `; terms ${earlierTerms} and on, joined to those before` : '; the first terms'}`,
    declarations: [...declarations.filter(({ access }) => isLast || access === 'read'), ...bound],
    functions,
    count: outputs,
    body: wgsl`
${startOf('lane')}
  var total = ${fold.initial};
  for (var first = 0u; first < ${terms}u; first += ${PARTIAL}u) {
    var partial = ${fold.initial};
    let end = min(first + ${PARTIAL}u, ${terms}u);
    for (var i = first; i < end; i++) {
      ${term}
      ${fold.add('partial')}
    }
    ${fold.join('total', 'partial')}
  }
#if ${earlierTerms > 0 && fields.some(isPlace)}
  total.place += ${earlierTerms}u;
#endif
#if ${earlierTerms > 0}
  var state = ${found};
  ${fold.join('state', 'total')}
#endif
#if ${isLast}
  ${store('lane', result)}
#else
  ${lines(kept, (index) => `after[${at(index)}] = ${fieldOf(index)};`)}
#endif`,
  });
}
