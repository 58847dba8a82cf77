// Runs in the page: which planted bugs the tests take. `await lib.load<typeof import('./mutation-kit.ts')>('/e2e/gpu/mutation-kit.ts')`.
import type { Traits } from '../../src/ops/request.ts';
import type { OpMutation } from '../../src/mutation/op-mutations.ts';
import { knownMutations, opSection } from '../../src/mutation/op-section.ts';
import { proofs } from '../../src/proof/index.ts';

/** Launch operators for each op: the campaign of `npm run mutate` runs them all. */
const OPERATORS = 1;

/** Text mutants for each op, and more only where a kernel has had none: where kernels take seconds to compile in software, more would take minutes. */
const TEXTS = 5;

type Launched = OpMutation & Required<Pick<OpMutation, 'site'>>;
const isLaunched = (mutation: OpMutation): mutation is Launched => mutation.site !== undefined;

/** What of an op's bugs the tests plant. */
export interface Chosen {
  /** Text mutants of the core set: of those that no op before it has planted in the same kernel some five. */
  readonly texts: readonly OpMutation[];
  readonly launches: readonly Launched[];
}

let known: Readonly<Record<string, Chosen>> | undefined;

/**
 * Of the text mutants five for each op, or as many as give every kernel its turn, each in the first op that has it; of the launch
 * operators one for each op, the one that has had the fewest turns, in the kernel that has had the fewest: the same in every run.
 */
export function chosenMutations(device: Traits): Readonly<Record<string, Chosen>> {
  if (known) return known;
  const first = new Set(opSection.list(device).flatMap((job) => (job.core && !job.repeats ? [job.id] : [])));
  const turns = new Map<string, number>();
  const count = (name: string): number => turns.get(name) ?? 0;
  const fewest = <T>(list: readonly T[], nameOf: (one: T) => string): T[] => list.toSorted((a, b) => count(nameOf(a)) - count(nameOf(b)));
  known = Object.fromEntries(Object.keys(proofs).map((op) => {
    const all = knownMutations(op, device);
    const sites = new Map<string, Launched[]>();
    for (const mutation of all) {
      if (isLaunched(mutation) && mutation.core) sites.set(mutation.site.operator, [...(sites.get(mutation.site.operator) ?? []), mutation]);
    }
    const launches = fewest([...sites.keys()], (operator) => operator).slice(0, OPERATORS).map((operator) => {
      const [chosen] = fewest(sites.get(operator)!, ({ site }) => site.kernel);
      for (const used of [operator, chosen!.site.kernel]) turns.set(used, count(used) + 1);
      return chosen!;
    });
    return [op, { texts: inTurn(all.filter((mutation) => mutation.class === 'text' && first.has(mutation.id))), launches }];
  }));
  return known;
}

/** As many as the tests take, in their order: next is always one for the kernel that has had the fewest. */
function inTurn(texts: readonly OpMutation[]): readonly OpMutation[] {
  const taken = new Set<OpMutation>();
  const turns = new Map<string, number>();
  const kernels = new Map(texts.map((mutation) => [mutation, mutation.targets.map((target) => (JSON.parse(target) as string[])[0]!)]));
  const least = (mutation: OpMutation): number => Math.min(...kernels.get(mutation)!.map((kernel) => turns.get(kernel) ?? 0));
  for (;;) {
    const [next] = texts.filter((mutation) => !taken.has(mutation)).toSorted((a, b) => least(a) - least(b));
    if (!next || (taken.size >= TEXTS && least(next) > 0)) break;
    taken.add(next);
    for (const kernel of kernels.get(next)!) turns.set(kernel, (turns.get(kernel) ?? 0) + 1);
  }
  return texts.filter((mutation) => taken.has(mutation));
}
