import type { Snapshot } from '../program/graph.ts';
import { DEFAULT_ROUNDING } from '../reference/rounding.ts';
import type { BuiltinErrors } from '../reference/rounding.ts';
import { judgeLaunches } from './judge-launches.ts';
import type { Proofs } from './point.ts';
import { referencesAt } from './references.ts';

/** How exact one kernel was. */
export interface KernelPrecision {
  /** The kernel with its variant. */
  readonly kernel: string;
  /** The largest |gpu − reference|/σ of all that it wrote. */
  readonly worstSigma: number;
  /** The tensor that holds it. */
  readonly tensor: string;
}

/**
 * How exact each kernel of a run of one op was, in standard deviations of correct float32 code. A launch that writes only
 * working memory, for which there is no reference, is judged by what later launches make of it.
 */
export function precisionOf(snapshot: Snapshot, builtins: BuiltinErrors, proofs: Proofs): KernelPrecision[] {
  const rounding = { ...DEFAULT_ROUNDING, builtins };
  const worst = new Map<string, KernelPrecision>();
  const hidden = new Set<string>();
  for (const { kernel, outputs } of judgeLaunches(snapshot, referencesAt(snapshot, rounding, proofs), new Set())) {
    if (outputs.length === 0) hidden.add(kernel);
    for (const { name: tensor, worstSigma } of outputs) {
      for (const made of new Set([kernel, ...hidden])) {
        // Written so that NaN would win.
        if (!(worstSigma <= (worst.get(made)?.worstSigma ?? -1))) worst.set(made, { kernel: made, worstSigma, tensor });
      }
    }
  }
  return [...worst.values()];
}
