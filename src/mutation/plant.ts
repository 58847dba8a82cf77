import type { Launch, Alter } from '../program/plan.ts';
import { proofs as allProofs } from '../proof/index.ts';
import type { Mutant, Proof } from '../proof/proof.ts';

/** What of a launch decides whether a text mutant can be planted in it. */
interface Text {
  /** The kernel with its variant. */
  readonly kernel: string;
  readonly code: string;
}

/** A text mutant that can be planted in some launches. */
export interface PlantableMutant {
  /** Tells it from all others: stays the same as long as the proof record does. */
  readonly id: string;
  /** The op whose proof record ships it, or the first of several. */
  readonly op: string;
  readonly mutant: Mutant;
  /** The kernels that it would change, each once. */
  readonly kernels: readonly string[];
  /** Places in the list of launches. */
  readonly launches: readonly number[];
}

/** Whether a mutant's text stands in a kernel that it is meant for. */
export function applies(mutant: Mutant, { kernel, code }: Text): boolean {
  // A fresh expression: one with the flag g remembers where it was.
  return new RegExp(mutant.kernel.source, mutant.kernel.flags.replace(/[gy]/g, '')).test(kernel) && code.includes(mutant.find);
}

/** A kernel's text with the bug: everywhere where the text stands. */
export function mutated(mutant: Mutant, code: string): string {
  return code.replaceAll(mutant.find, () => mutant.replace);
}

/**
 * All text mutants of the proof records that can be planted in these launches, each change once although several ops may
 * ship it. Equivalent ones (with a reason) are left out: they plant no bug.
 */
export function plantable(launches: readonly Text[], proofs: Readonly<Record<string, Proof>> = allProofs): PlantableMutant[] {
  const found = new Map<string, PlantableMutant>();
  for (const [op, { mutants }] of Object.entries(proofs)) {
    for (const mutant of mutants) {
      if (mutant.reason !== undefined) continue;
      const at = launches.flatMap((launch, index) => (applies(mutant, launch) ? [index] : []));
      const change = JSON.stringify([mutant.kernel.source, mutant.find, mutant.replace]);
      if (at.length === 0 || found.has(change)) continue;
      found.set(change, { id: `${op}: ${mutant.name}`, op, mutant, kernels: [...new Set(at.map((index) => launches[index]!.kernel))], launches: at });
    }
  }
  return [...found.values()];
}

/**
 * Plants a text mutant: an `alter` for `compile`, `runOp` and `runGraph`. Only launches of the forward and backward pass
 * change, since those are what a gradient check looks at. Where the text stands nowhere, the plan stays as it is;
 * `onPlanted` is told how many launches changed.
 */
export function plantText(mutant: Mutant, onPlanted?: (launches: number) => void): Alter {
  return (plan) => {
    let changed = 0;
    const launches = plan.launches.map((launch): Launch => {
      const { section, kernel } = launch;
      if ((section !== 'forward' && section !== 'backward') || !applies(mutant, { kernel: kernel.name, code: kernel.code })) return launch;
      changed += 1;
      return { ...launch, kernel: { ...kernel, code: mutated(mutant, kernel.code) } };
    });
    onPlanted?.(changed);
    return changed === 0 ? plan : { ...plan, launches };
  };
}
