import { ops } from '../ops/index.ts';
import type { Traits } from '../ops/request.ts';
import { variantChoices } from '../program/variant-choices.ts';
import { planGraph } from '../program/run-graph.ts';
import { opRun } from '../program/run-op.ts';
import type { Proof, Sample } from '../proof/proof.ts';
import type { Proofs } from './point.ts';

/** One sample of one op, with kernel variants that are forced. */
export interface SelfTestProblem {
  readonly op: string;
  readonly sample: Sample;
  readonly variants: Readonly<Record<string, string>>;
  readonly cotangents: readonly ('ones' | 'random')[];
}

/** What decides which kernels a device takes. */
export type Chooser = Traits;

/** Numbers in all inputs that a sample of the core set has at most: small, but more than one workgroup of 64 lanes has. */
const CORE_SIZE = 200;

/**
 * A few samples for each op: compiling is what costs time on a software adapter. The largest small one comes first, since
 * sizes beyond one workgroup find most; others only where they run a kernel that none before them has run.
 */
export function coreProblems(proofs: Proofs, device: Chooser): SelfTestProblem[] {
  const seen = new Set<string>();
  return Object.entries(proofs).flatMap(([op, { samples }]) => {
    const bySize = samples.toSorted((a, b) => sizeOf(a) - sizeOf(b));
    const small = bySize.filter((sample) => sizeOf(sample) <= CORE_SIZE).reverse();
    const [first, ...rest] = small.length > 0 ? small : bySize;
    return [first, ...rest].filter((sample, index) => {
      if (!sample) return false;
      const names = kernelsOf(op, sample, {}, device).map(({ name }) => name);
      const isNew = names.some((name) => !seen.has(name));
      for (const name of names) seen.add(name);
      return index === 0 || isNew;
    }).map((sample): SelfTestProblem => ({ op, sample, variants: {}, cotangents: ['random'] }));
  });
}

/** Every sample of every op, once for each choice of kernel variants that makes other kernels of it. */
export function allProblems(proofs: Proofs, device: Chooser): SelfTestProblem[] {
  return Object.entries(proofs).flatMap(([op, { samples }]) => {
    const forced = variantChoices(samples.map((sample) => planOf(op, sample, {}, device)), device);
    return samples.flatMap((sample) => {
      const seen = new Set<string>();
      return forced.filter((variants) => {
        const key = JSON.stringify(kernelsOf(op, sample, variants, device).map(({ code }) => code));
        return !seen.has(key) && seen.add(key);
      }).map((variants): SelfTestProblem => ({ op, sample, variants, cotangents: ['ones', 'random'] }));
    });
  });
}

/** The kernels that a device of this kind runs for a sample. */
function kernelsOf(op: string, sample: Sample, variants: Readonly<Record<string, string>>, device: Chooser) {
  return planOf(op, sample, variants, device).launches.map(({ kernel }) => kernel);
}

function planOf(op: string, { options, inputs }: Sample, variants: Readonly<Record<string, string>>, device: Chooser) {
  return planGraph(opRun(op, options, inputs, new Float32Array(), { target: { variants } }), device);
}

function sizeOf({ inputs }: Sample): number {
  return Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);
}

/** Proofs in the order in which the ops are known, of ops that there are. */
export function testable(proofs: Proofs): Readonly<Record<string, Proof>> {
  return Object.fromEntries(Object.keys(ops).flatMap((op) => (Object.hasOwn(proofs, op) ? [[op, proofs[op]!] as const] : [])));
}
