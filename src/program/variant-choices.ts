import type { Traits } from '../ops/request.ts';
import { forcibleVariants, runnable } from '../ops/variants.ts';
import type { Launch, ProgramPlan } from './plan.ts';

/** Which variant a launch is, where `target.variants` could force it: an op of one's own need not list its families. */
export function forcible({ variant }: Pick<Launch, 'variant'>): Launch['variant'] {
  return variant && Object.hasOwn(forcibleVariants(), variant.family) ? variant : undefined;
}

/** No forced variant, and each one of the families in which these plans have a choice on such a device: what tests force one after the other. */
export function variantChoices(plans: readonly Pick<ProgramPlan, 'launches'>[], traits: Traits): readonly Readonly<Record<string, string>>[] {
  const families = new Set(plans.flatMap(({ launches }) => launches.flatMap((launch) => forcible(launch)?.family ?? [])));
  const names = forcibleVariants();
  return [{}, ...[...families].flatMap((family) => runnable(family, names[family]!, traits).map((name) => ({ [family]: name })))];
}
