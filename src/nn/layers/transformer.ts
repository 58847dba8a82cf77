import { checkNumber, checkOptionNames, OptionError, show, ShapeError } from '../../errors.ts';
import { showShape, type Tensor } from '../../ops/tensor.ts';
import { add } from '../functional.ts';
import { narrow } from '../functional/shape.ts';
import { normal } from '../initializers.ts';
import { dropout as dropoutLayer, gelu, linear, relu, silu } from '../layers.ts';
import { defineModule, type AnyModule, type Module } from '../module.ts';
import { multiHeadAttention, type AttentionInputs, type MultiHeadAttentionOptions } from './attention.ts';
import { layerNorm } from './normalization.ts';

export interface TransformerLayerOptions extends Pick<MultiHeadAttentionOptions, 'bias' | 'numKeyValueHeads' | 'rotary'> {
  /** Width of the feed-forward part. Default 4 · embedDim; PyTorch's is 2048. */
  readonly feedForwardDim?: number;
  /**
   * In the feed-forward part and at the end of each part, in [0, 1). Default 0.1. Attention weights are not dropped: PyTorch's blocks
   * drop them too while they train.
   */
  readonly dropout?: number;
  /** Between the two linear layers of the feed-forward part. Default 'relu'. */
  readonly activation?: 'relu' | 'gelu' | 'silu';
  /** Whether each part normalises its input (pre-norm, which trains more easily) or the sum. Default false, as PyTorch. */
  readonly normFirst?: boolean;
  /** Is added to variances. Default 1e-5. */
  readonly eps?: number;
  /** Whether place t sees the places 0 to t only. Default false for an encoder, true for a decoder. */
  readonly causal?: boolean;
}

const OPTIONS: readonly (keyof TransformerLayerOptions)[] = ['bias', 'numKeyValueHeads', 'rotary', 'feedForwardDim', 'dropout', 'activation', 'normFirst', 'eps', 'causal'];
const ACTIVATIONS = { relu, gelu, silu } as const;

/** The parts that encoder and decoder blocks share. */
function partsOf(who: string, embedDim: number, options: TransformerLayerOptions) {
  checkOptionNames(who, options, OPTIONS);
  const { feedForwardDim = 4 * embedDim, dropout = 0.1, activation = 'relu', normFirst = false, eps = 1e-5, bias = true } = options;
  if (!Object.hasOwn(ACTIVATIONS, activation)) throw new OptionError(who, `activation among ${Object.keys(ACTIVATIONS).join(', ')}`, show(activation));
  if (typeof normFirst !== 'boolean') throw new OptionError(who, 'normFirst to be true or false', show(normFirst));
  checkNumber(who, 'feedForwardDim', feedForwardDim, { integer: true, min: 1 });
  const act = ACTIVATIONS[activation]();
  const drop = dropoutLayer(dropout);
  const linear1 = linear(embedDim, feedForwardDim, { bias });
  const linear2 = linear(feedForwardDim, embedDim, { bias });
  const norm = (): Module => layerNorm(embedDim, { eps, bias });
  /** x + part(norm(x)), or norm(x + part(x)). */
  const residual = (x: Tensor, own: Module, part: (value: Tensor) => Tensor): Tensor => (normFirst ? add(x, drop(part(own(x)))) : own(add(x, drop(part(x)))));
  return {
    linear1, linear2, norm, residual, unnamed: { act, drop },
    feedForward: (x: Tensor): Tensor => linear2(drop(act(linear1(x)))),
  };
}

/** Modules without parameters need a place to be called from, but no name: PyTorch's state has none of them. */
const hidden = (modules: Readonly<Record<string, Module>>): Record<string, AnyModule> => Object.fromEntries(Object.entries(modules).map(([name, module]) => [`_${name}`, module as AnyModule]));

/**
 * A transformer encoder block: self-attention and a feed-forward part, each with a residual and a norm. x [batch, time, embedDim] to the
 * same. With `causal: true` it is the block of a decoder-only language model. Parameters as PyTorch's nn.TransformerEncoderLayer:
 * self_attn.in_proj_weight …, linear1, linear2, norm1, norm2. Unlike there, training does not drop attention weights.
 */
export function transformerEncoderLayer(embedDim: number, numHeads: number, options: TransformerLayerOptions = {}): Module<[x: Tensor, inputs?: Pick<AttentionInputs, 'mask' | 'maskKind'>]> {
  const kind = 'transformerEncoderLayer';
  const { linear1, linear2, norm, residual, feedForward, unnamed } = partsOf(kind, embedDim, options);
  const { causal = false, bias = true, numKeyValueHeads = numHeads, rotary = false } = options;
  const attention = multiHeadAttention(embedDim, numHeads, { causal, bias, numKeyValueHeads, rotary });
  const [norm1, norm2] = [norm(), norm()];
  return defineModule<[x: Tensor, inputs?: Pick<AttentionInputs, 'mask' | 'maskKind'>], Tensor>({
    kind,
    children: { self_attn: attention as unknown as AnyModule, linear1: linear1 as AnyModule, linear2: linear2 as AnyModule, norm1: norm1 as AnyModule, norm2: norm2 as AnyModule, ...hidden(unnamed) },
    forward: (_, x, inputs) => residual(residual(x, norm1, (value) => attention(value, inputs)), norm2, feedForward),
  });
}

/**
 * A transformer decoder block: causal self-attention, attention to a memory [batch, steps, embedDim] (an encoder's output), and a
 * feed-forward part. Called with (x, memory). Parameters as PyTorch's nn.TransformerDecoderLayer: self_attn, multihead_attn, linear1,
 * linear2, norm1, norm2, norm3. Unlike there, training does not drop attention weights.
 */
export function transformerDecoderLayer(
  embedDim: number, numHeads: number, options: TransformerLayerOptions = {},
): Module<[x: Tensor, memory: Tensor, inputs?: { readonly memoryMask?: Tensor }]> {
  const kind = 'transformerDecoderLayer';
  const { linear1, linear2, norm, residual, feedForward, unnamed } = partsOf(kind, embedDim, options);
  const { causal = true, bias = true, numKeyValueHeads = numHeads, rotary = false } = options;
  const attention = multiHeadAttention(embedDim, numHeads, { causal, bias, numKeyValueHeads, rotary });
  const cross = multiHeadAttention(embedDim, numHeads, { bias, numKeyValueHeads });
  const [norm1, norm2, norm3] = [norm(), norm(), norm()];
  return defineModule<[x: Tensor, memory: Tensor, inputs?: { readonly memoryMask?: Tensor }], Tensor>({
    kind,
    children: {
      self_attn: attention as unknown as AnyModule, multihead_attn: cross as unknown as AnyModule, linear1: linear1 as AnyModule, linear2: linear2 as AnyModule,
      norm1: norm1 as AnyModule, norm2: norm2 as AnyModule, norm3: norm3 as AnyModule, ...hidden(unnamed),
    },
    forward: (_, x, memory, { memoryMask } = {}) => {
      const own = residual(x, norm1, (value) => attention(value));
      const seen = residual(own, norm2, (value) => cross(value, { key: memory, ...(memoryMask ? { mask: memoryMask } : {}) }));
      return residual(seen, norm3, feedForward);
    },
  });
}

/**
 * Learned positions: x [batch, time, embedDim] plus row t of its weight at place t, for sequences of at most `maxLength`. Parameter:
 * weight [maxLength, embedDim], as an nn.Embedding of positions; drawn from N(0, 0.02²) as in GPT-2.
 */
export function positionalEmbedding(maxLength: number, embedDim: number): Module {
  const kind = 'positionalEmbedding';
  checkNumber(kind, 'maxLength', maxLength, { integer: true, min: 1 });
  checkNumber(kind, 'embedDim', embedDim, { integer: true, min: 1 });
  return defineModule({
    kind,
    parameters: { weight: { shape: [maxLength, embedDim], initializer: normal(0, 0.02) } },
    forward: ({ parameters: { weight } }, x) => {
      const time = x.shape[1];
      if (x.shape.length !== 3 || x.shape[2] !== embedDim || time! > maxLength) throw new ShapeError(kind, `x [batch, time ≤ ${maxLength}, ${embedDim}]`, showShape(x.shape));
      return add(x, time === maxLength ? weight! : narrow(weight!, 0, 0, time!));
    },
  });
}
