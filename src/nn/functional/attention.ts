import { checkOptionNames } from '../../errors.ts';
import type { Tensor } from '../../ops/tensor.ts';
import * as attentionOps from '../../ops/attention.ts';
import * as rotaryOps from '../../ops/rotary.ts';
import { apply } from '../../program/trace.ts';

export interface AttentionOptions {
  /** Query t sees the keys 0 to t only. Default false. */
  readonly causal?: boolean;
  /**
   * Broadcasts to [..., heads, T, S]. A mask of f32 is added to the scores: −∞ (or anything up to −1e30) hides a key, and other numbers get a
   * gradient. A mask of u32 hides where it is 0.
   */
  readonly mask?: Tensor;
  /** `boolean` makes a mask of f32 hide where it is 0, as one from a comparison does; it gets no gradient. Default: by the mask's type. */
  readonly maskKind?: 'additive' | 'boolean';
  /** The factor of the scores. Default 1/√D. */
  readonly scale?: number;
}

/**
 * softmax(query · keyᵀ · scale + mask) · value: query [..., heads, T, D], key [..., heads, S, D], value [..., heads, S, E]; gives [..., heads, T, E].
 * With fewer heads of keys and values each serves as many neighbouring heads of the query (grouped queries). `causal` and `mask` go together.
 *
 * Weights can't be dropped (PyTorch's dropout_p). With more than 128 queries or keys nothing of the size T × S is ever stored, forward or backward. A query that sees no key gives 0 and passes no gradient on; PyTorch gives NaN.
 * Throws a ShapeError for shapes that don't fit, an OptionError for options that are no such.
 */
export function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  checkOptionNames('scaledDotProductAttention', options, ['causal', 'mask', 'maskKind', 'scale']);
  const { mask, ...rest } = options;
  const kind = mask?.type === 'u32' && rest.maskKind === undefined ? { maskKind: 'boolean' } : {};
  return apply(attentionOps.scaledDotProductAttention, { query, key, value, mask }, { ...rest, ...kind });
}

/**
 * x [..., T, D] with rotary positions: the columns i and i + D/2 are turned by (offset + t) · base^(−2i/D), as in LLaMA and GPT-NeoX
 * (`rotate_half`), for the queries and keys of an attention. `base` (default 10,000, at least 1), `offset`: the position of the first row (default 0). Positions
 * stay below 65,536.
 */
export const rotary = (x: Tensor, options: { readonly base?: number; readonly offset?: number } = {}): Tensor => apply(rotaryOps.rotary, { x }, { ...options });
