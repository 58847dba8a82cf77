import { checkObject, OptionError, show } from '../errors.ts';
import { registered } from './registry.ts';
import { hasMatrixUnits, hasQuads, hasSubgroups, type KernelFamily, type Traits } from './request.ts';

/**
 * The library's families that have a choice of kernels: their variants' names. Written out, so that who refuses a name need not load every
 * op; a test compares it with the families that all ops list.
 */
export const variantNames: Readonly<Record<string, readonly string[]>> = {
  'matmul': ['quad-wide', 'quad', 'split', 'subgroup-matrix', 'tiled-128x128', 'tiled-128x64', 'tiled', 'tiled-32x32', 'gemv-subgroup', 'gemv', 'register', 'short', 'small'],
  'attention': ['tiles', 'rows'],
  'attention-query-gradient': ['tiles', 'rows'],
  'attention-key-gradient': ['tiles', 'rows'],
  'reduce': ['subgroup', 'workgroup', 'serial'],
  'softmax': ['subgroup', 'workgroup', 'row'],
  'softmax-backward': ['subgroup', 'workgroup', 'row'],
  'cumsum': ['workgroup', 'serial'],
  'convolution': ['quad', 'block'],
  'sum-of-squares': ['subgroup', 'workgroup'],
  'normalization': ['subgroup', 'workgroup', 'serial'],
  'running-statistic': ['subgroup', 'workgroup', 'serial'],
  'recurrent': ['quad', 'unit'],
  'recurrent-backward': ['quad', 'unit'],
};

/** Variants whose lanes exchange values in quads: they run only where there are some. Written out like the names, and compared like them. */
export const quadVariants: Readonly<Record<string, readonly string[]>> =
  { 'matmul': ['quad-wide', 'quad'], 'convolution': ['quad'], 'recurrent': ['quad'], 'recurrent-backward': ['quad'] };

/** The same for variants whose lanes join values in subgroups. */
export const subgroupVariants: Readonly<Record<string, readonly string[]>> = {
  'matmul': ['gemv-subgroup'],
  ...Object.fromEntries(['reduce', 'softmax', 'softmax-backward', 'sum-of-squares', 'normalization', 'running-statistic'].map((family) => [family, ['subgroup']])),
};

/** The same for variants that multiply small matrices in subgroups. */
export const matrixVariants: Readonly<Record<string, readonly string[]>> = { 'matmul': ['subgroup-matrix'] };

/** The names of a family's variants that a device can run. */
export function runnable(family: string, names: readonly string[], traits: Traits): readonly string[] {
  const lacking = [...(hasQuads(traits) ? [] : quadVariants[family] ?? []), ...(hasSubgroups(traits) ? [] : subgroupVariants[family] ?? []), ...(hasMatrixUnits(traits) ? [] : matrixVariants[family] ?? [])];
  return names.filter((name) => !lacking.includes(name));
}

/** All families whose variants can be forced: the library's, and those that ops of one's own list. */
export function forcibleVariants(): Readonly<Record<string, readonly string[]>> {
  return { ...namesOf(Object.values(registered).flatMap(({ families = [] }) => families)), ...variantNames };
}

/** The variants of these families by name. */
export function namesOf(families: readonly KernelFamily[]): Record<string, readonly string[]> {
  return Object.fromEntries(families.map(({ name, variants }) => [name, variants.map((variant) => variant.name)]));
}

/** A family or a variant that does not exist must not be ignored: whoever forces one relies on it. */
export function checkVariants(who: string, variants: Readonly<Record<string, string>>): void {
  checkObject(who, 'variants as an object of names by family', variants);
  const known = forcibleVariants();
  for (const [family, variant] of Object.entries(variants)) {
    const choices = Object.hasOwn(known, family) ? known[family]! : undefined;
    if (!choices) throw new OptionError(who, `variants of the families ${Object.keys(known).join(', ')}`, `the family ${show(family)}`);
    if (!choices.includes(variant)) throw new OptionError(who, `a variant of ${family} among ${choices.join(', ')}`, show(variant));
  }
}
