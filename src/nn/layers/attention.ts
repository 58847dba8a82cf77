import { checkNumber, checkOptionNames, OptionError, show, ShapeError } from '../../errors.ts';
import { showShape, sizeOf, type Tensor } from '../../ops/tensor.ts';
import * as linearOps from '../../ops/linear.ts';
import { apply } from '../../program/trace.ts';
import { rotary, scaledDotProductAttention, type AttentionOptions } from '../functional/attention.ts';
import { narrow, permute } from '../functional/shape.ts';
import { reshape } from '../functional.ts';
import { xavierUniform, zeros, type Initializer } from '../initializers.ts';
import { linear } from '../layers.ts';
import { defineModule, type AnyModule, type Module, type Parameter } from '../module.ts';

export interface MultiHeadAttentionOptions {
  /** Whether projections have biases. Default true. */
  readonly bias?: boolean;
  /** Heads of keys and values, each serving numHeads / numKeyValueHeads heads of the query (grouped queries). Default numHeads. */
  readonly numKeyValueHeads?: number;
  /** Whether place t sees the places 0 to t only. Default false. */
  readonly causal?: boolean;
  /** Rotary positions on queries and keys (Su et al. 2021): true, or their base. Default false. */
  readonly rotary?: boolean | { readonly base?: number };
}

/** What it is called with beside the query: keys and values (default: the query itself), and a mask as in scaledDotProductAttention. */
export interface AttentionInputs extends Pick<AttentionOptions, 'mask' | 'maskKind'> {
  readonly key?: Tensor;
  /** Default: the key. */
  readonly value?: Tensor;
}

export type AttentionModule = Module<[query: Tensor, inputs?: AttentionInputs]>;

/** [batch, time, heads · width] as [batch, heads, time, width]: a view. */
function heads(x: Tensor, count: number): Tensor {
  const [batch, time, width] = x.shape as [number, number, number];
  return permute(reshape(x, [batch, time, count, width / count]), [0, 2, 1, 3]);
}

function checkSequence(who: string, name: string, x: Tensor, width: number, batch = x.shape[0]): void {
  if (x.shape.length !== 3 || x.shape[2] !== width || x.shape[0] !== batch) throw new ShapeError(who, `${name} [${batch ?? 'batch'}, time, ${width}]`, showShape(x.shape));
}

/**
 * Multi-head attention (Vaswani et al. 2017): query [batch, time, embedDim] attends to keys and values [batch, steps, embedDim], in
 * `numHeads` heads of embedDim / numHeads. Called with the query alone it is self-attention.
 *
 * Parameters as PyTorch's nn.MultiheadAttention, batch first: in_proj_weight [3 · embedDim, embedDim] (query, key, value one below the
 * other), in_proj_bias, out_proj.weight, out_proj.bias. With grouped queries in_proj has fewer rows: embedDim + 2 · numKeyValueHeads · width.
 * It has no `dropout` of attention weights, as PyTorch's has. Throws an OptionError where heads do not divide the width, a ShapeError for other inputs.
 */
export function multiHeadAttention(embedDim: number, numHeads: number, options: MultiHeadAttentionOptions = {}): AttentionModule {
  const kind = 'multiHeadAttention';
  checkOptionNames(kind, options, ['bias', 'numKeyValueHeads', 'causal', 'rotary']);
  checkNumber(kind, 'embedDim', embedDim, { integer: true, min: 1 });
  checkNumber(kind, 'numHeads', numHeads, { integer: true, min: 1 });
  const { bias = true, numKeyValueHeads = numHeads, causal = false, rotary: turned = false } = options;
  checkNumber(kind, 'numKeyValueHeads', numKeyValueHeads, { integer: true, min: 1, max: numHeads });
  if (embedDim % numHeads !== 0) throw new OptionError(kind, 'embedDim divisible by numHeads', `${embedDim} and ${numHeads}`);
  if (numHeads % numKeyValueHeads !== 0) throw new OptionError(kind, 'numHeads divisible by numKeyValueHeads', `${numHeads} and ${numKeyValueHeads}`);
  for (const [name, value] of Object.entries({ bias, causal })) if (typeof value !== 'boolean') throw new OptionError(kind, `${name} to be true or false`, show(value));
  const width = embedDim / numHeads;
  if (turned !== null && typeof turned === 'object') {
    checkOptionNames(kind, turned, ['base']);
    if (turned.base !== undefined) checkNumber(kind, 'rotary.base', turned.base, { min: 1 });
  } else if (typeof turned !== 'boolean') throw new OptionError(kind, 'rotary to be true, false or { base }', show(turned));
  if (turned !== false && width % 2 !== 0) throw new OptionError(kind, 'heads of an even width for rotary positions', String(width));
  const own = numKeyValueHeads * width;
  const rows = embedDim + 2 * own;
  // PyTorch draws the packed weight as one matrix.
  const parameters: Record<string, Parameter> = {
    in_proj_weight: { shape: [rows, embedDim], initializer: xavierUniform() }, ...(bias ? { in_proj_bias: { shape: [rows], initializer: zeros() } } : {}),
  };
  const outProjection = linear(embedDim, embedDim, { bias, ...(bias ? { biasInitializer: zeros() as Initializer } : {}) });
  const position = (x: Tensor): Tensor => (turned === false ? x : rotary(x, turned === true ? {} : turned));
  return defineModule<[query: Tensor, inputs?: AttentionInputs], Tensor>({
    kind, parameters, children: { out_proj: outProjection as AnyModule },
    forward: ({ parameters: { in_proj_weight: weight, in_proj_bias: offset } }, query, { key, value = key, mask, maskKind } = {}) => {
      checkSequence(kind, 'query', query, embedDim);
      const [batch, time] = query.shape as [number, number, number];
      const project = (x: Tensor, start: number, count: number): Tensor =>
        apply(linearOps.linear, { x, weight: narrow(weight!, 0, start, count), bias: offset && narrow(offset, 0, start, count) });
      let [q, k, v]: (Tensor | undefined)[] = [];
      if (key === undefined && value === undefined) {
        // One product for all three.
        const all = apply(linearOps.linear, { x: query, weight, bias: offset });
        [q, k, v] = [narrow(all, 2, 0, embedDim), narrow(all, 2, embedDim, own), narrow(all, 2, embedDim + own, own)];
      } else {
        if (!key || !value) throw new OptionError(kind, 'a key where there is a value', 'none');
        checkSequence(kind, 'key', key, embedDim, batch);
        checkSequence(kind, 'value', value, embedDim, batch);
        if (sizeOf(key.shape) !== sizeOf(value.shape)) throw new ShapeError(kind, 'as many values as keys', `${showShape(key.shape)} and ${showShape(value.shape)}`);
        [q, k, v] = [project(query, 0, embedDim), project(key, embedDim, own), project(value, embedDim + own, own)];
      }
      const mixed = scaledDotProductAttention(position(heads(q!, numHeads)), position(heads(k!, numKeyValueHeads)), heads(v!, numKeyValueHeads), {
        causal, ...(mask ? { mask } : {}), ...(maskKind ? { maskKind } : {}),
      });
      return outProjection(reshape(permute(mixed, [0, 2, 1, 3]), [batch, time, embedDim]));
    },
  });
}
