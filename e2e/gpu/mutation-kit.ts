// Runs in the page: which planted bugs the tests take. `await lib.load<typeof import('./mutation-kit.ts')>('/e2e/gpu/mutation-kit.ts')`.
import type { Device } from '../../src/gpu/device.ts';
import type { OpMutation } from '../../src/mutation/op-mutations.ts';
import { knownMutations, opSection } from '../../src/mutation/op-section.ts';
import { proofs } from '../../src/proof/index.ts';

/** Launch operators for each op: the campaign of `npm run mutate` runs them all. */
const OPERATORS = 3;

type Launched = OpMutation & Required<Pick<OpMutation, 'site'>>;
const isLaunched = (mutation: OpMutation): mutation is Launched => mutation.site !== undefined;

/** What of an op's bugs the tests plant. */
export interface Chosen {
  /** Text mutants of the core set: those that no op before it has planted in the same kernel. */
  readonly texts: readonly OpMutation[];
  readonly launches: readonly Launched[];
}

let known: Readonly<Record<string, Chosen>> | undefined;

/**
 * All text mutants, each in the first op that has it; of the launch operators three for each op, the ones that have had the
 * fewest turns, each in the kernel that has had the fewest: the same in every run.
 */
export function chosenMutations({ adapterClass, maxBindings }: Pick<Device, 'adapterClass' | 'maxBindings'>): Readonly<Record<string, Chosen>> {
  if (known) return known;
  const device = { adapterClass, maxBindings };
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
    return [op, { texts: all.filter((mutation) => mutation.class === 'text' && first.has(mutation.id)), launches }];
  }));
  return known;
}
