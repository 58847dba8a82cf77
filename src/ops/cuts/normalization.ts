import { fullAccess, type Access, type ChainStep } from '../../../shaders/chain.wgsl.ts';
import { bringing } from '../../../shaders/formula.ts';
import { groupSize, type Grouping } from '../../../shaders/group-loops.wgsl.ts';
import { isChannel, type NormalizationBackwardSpec, type NormalizationSpec } from '../../../shaders/normalization.wgsl.ts';
import type { NormalizationParametersSpec } from '../../../shaders/normalization-parameters.wgsl.ts';
import { rangeFormulas } from '../../../shaders/range-formulas.wgsl.ts';
import type { RunningStatisticSpec } from '../../../shaders/running-statistic.wgsl.ts';
import type { CutRule, Cutting } from '../cut.ts';
import { elementwiseFamily, map } from '../map.ts';
import { reduceFamily } from '../reduce.ts';
import type { Request } from '../request.ts';
import type { Tensor } from '../tensor.ts';
import { cutPieces } from './planes.ts';
import { cutParameters } from './sums.ts';

// A normalisation whose groups are too large, as of a channel over a batch: its sums are folds, the rest is chains, and both are cut as such.

type Tensors = Readonly<Record<string, Tensor>>;

/** x as rows of so many columns, over which one number of each group and of each channel is stretched. */
interface Rows extends Grouping {
  readonly channels: number;
  readonly inner: number;
  readonly columns: number;
}

const elementsOf = (rows: Grouping): number => groupSize(rows) * rows.groups;

/** Elements that lie one behind the other and share what their group and their channel have, or follow it one by one. */
const columnsOf = ({ groups, length, inner }: Omit<Rows, 'columns'>): number => (inner > 1 ? inner : length === 1 ? groups : length);

/** Where a list of `count` numbers stands of which each serves `stretch` elements, one after the other and then again; undefined where rows are no whole parts of that. */
function stretched(count: number, stretch: number, rows: Rows): Access | undefined {
  const { columns } = rows;
  const [divide, modulo, columnStride] = stretch % columns === 0 ? [stretch / columns, count, 0] : [1, count / columns, 1];
  if (columnStride === 1 && (stretch !== 1 || !Number.isInteger(modulo))) return undefined;
  const turns = elementsOf(rows) / (stretch * count);
  return {
    rowTerms: [
      ...(modulo > 1 ? [{ divide, modulo, stride: columnStride === 1 ? columns : 1 }] : []),
      ...(turns > 1 ? [{ divide: divide * modulo, modulo: turns, stride: 0 }] : []),
    ],
    columnStride, count,
  };
}

/** Where each operand stands, by its name. */
function accessesOf(rows: Rows): { group: Access; channel: Access | undefined; all: Access } | undefined {
  const [group, channel] = [stretched(rows.groups, rows.length, rows), stretched(rows.channels, rows.inner, rows)];
  return group && { group, channel, all: fullAccess(elementsOf(rows) / rows.columns, rows.columns) };
}

const step = (formula: string, operands: readonly (readonly [name: string, access: Access])[] = [], parameters: readonly number[] = [], position = 0): ChainStep =>
  ({ formula, parameters, operands: operands.map(([name, access]) => ({ name, access })), ...(position > 0 ? { position } : {}) });

/** out = the chain's terms of x, added up in each group, times `scale`, and what follows. */
function groupSums(rows: Rows, reads: Tensors, prologue: readonly ChainStep[], out: Tensor, { scale = 1, epilogue = [] }: { scale?: number; epilogue?: readonly ChainStep[] } = {}): Request {
  const { runs, groups, length, columns } = rows;
  const [shape, folded] = length === 1 ? [[runs, groups], [true, false]] : [[runs, groups, length / columns, columns], [true, false, true, true]];
  return {
    family: reduceFamily, reads, writes: { out },
    spec: { fold: 'sum', shape, folded, scale, start: fullAccess(elementsOf(rows) / columns, columns), prologue, epilogue, columns: groups },
  };
}

/** out = the chain of x, and what follows it: in a launch of its own where one does not bind all of that. */
function chained(rows: Rows, reads: Tensors, steps: readonly ChainStep[], { epilogue, reads: after, writes }: { epilogue: readonly ChainStep[]; reads: Tensors; writes: Tensors }, out: Tensor, cutting: Cutting): Request[] {
  const { columns } = rows;
  const count = elementsOf(rows) / columns;
  const request = (x: Tensor, own: Tensors, chain: readonly ChainStep[], to: Tensors): Request =>
    ({ family: elementwiseFamily, spec: { rows: count, columns, start: fullAccess(count, columns), steps: chain }, reads: { ...own, x }, writes: to });
  const all = { ...reads, ...after };
  if (Object.keys(all).length + 1 + Object.keys(writes).length <= cutting.maxBindings) return [request(reads.x!, all, [...steps, ...epilogue], { ...writes, out })];
  const between = cutting.value(`${out.name}.before`, [count, columns]);
  return [request(reads.x!, reads, steps, { out: between }), request(between, after, epilogue, { ...writes, out })];
}

/** The tensors among these names. */
const named = (tensors: Tensors, names: readonly string[], wanted: boolean): Record<string, Tensor> => Object.fromEntries(Object.entries(tensors).filter(([name]) => names.includes(name) === wanted));

/** out = (x - mean) · rstd · weight + bias, with the sums that mean and rstd are made of as folds. */
function normalizeInSteps(request: Request<NormalizationSpec>, rows: Rows, cutting: Cutting): Request[] | undefined {
  const { spec: { eps, centred, epilogue }, reads, writes } = request;
  const at = accessesOf(rows);
  if (!at) return undefined;
  const { x, weight, bias } = reads;
  const { mean, rstd, out } = writes;
  const scale = 1 / groupSize(rows);
  const difference = centred ? [step('sub', [['mean', at.group]])] : [];
  const own = { x: x!, ...(centred ? { mean: mean! } : {}) };
  const { channel } = at;
  if ((weight || bias) && !channel) return undefined;
  return [
    ...(centred ? [groupSums(rows, { x: x! }, [], mean!, { scale })] : []),
    groupSums(rows, own, [...difference, step('squared')], rstd!, { scale, epilogue: [step('inverseRoot', [], [eps])] }),
    ...chained(rows, { ...own, rstd: rstd!, ...(weight ? { weight } : {}), ...(bias ? { bias } : {}) }, [
      ...difference, step('mul', [['rstd', at.group]]), ...(weight ? [step('mul', [['weight', channel!]])] : []), ...(bias ? [step('add', [['bias', channel!]])] : []),
    ], { epilogue: epilogue?.steps ?? [], reads: named(reads, ['x', 'weight', 'bias'], false), writes: named(writes, ['out', 'mean', 'rstd'], false) }, out!, cutting),
  ];
}

/**
 * dx = rstd · (g - (x - mean) · slope - level), g = dout · weight, slope = rstd / n · Σ g · (x - mean) · rstd and level = Σ g / n over a group; and the
 * gradients of weight and bias where these are the sums.
 */
function normalizeBackwardInSteps(request: Request<NormalizationBackwardSpec>, rows: Rows, cutting: Cutting): Request[] | undefined {
  const { spec, reads, writes } = request;
  const { centred, groups, epilogue } = spec;
  const at = accessesOf(rows);
  const { x, dout, weight, mean, rstd } = reads;
  const { dx, dweight, dbias } = writes;
  if (!at || (weight && !at.channel)) return undefined;
  // The weight of a group that is a channel stays out of the sums: they are the gradients of weight and bias.
  const isScaled = weight !== undefined && isChannel(spec);
  const isWeighted = weight !== undefined && !isScaled;
  const weighted = isWeighted ? [step('mul', [['weight', at.channel!]])] : [];
  const factor: Tensors = isWeighted ? { weight } : {};
  const share = { formula: 'scale', parameters: [1 / groupSize(rows)] };
  const [product, sum, slope, level] = ['product', 'sum', 'slope', 'level'].map((name) => cutting.value(name, [groups])) as [Tensor, Tensor, Tensor, Tensor];
  const difference = centred ? [step('sub', [['mean', at.group]])] : [];
  const statistics: Tensors = { ...(centred ? { mean: mean! } : {}), rstd: rstd! };
  // Gradients of parameters share one buffer, in which dx may lie, too: what is read and what is written must not.
  const copied = ([from, to]: readonly [Tensor, Tensor | undefined]): Request[] => (to ? [map(from, [], to)] : []);
  return [
    ...(centred ? [groupSums(rows, { x: dout!, ...factor }, weighted, sum), map(sum, [share], level)] : []),
    groupSums(rows, { x: x!, ...statistics, dout: dout!, ...factor }, [...difference, step('mul', [['rstd', at.group]]), step('mul', [['dout', at.all]]), ...weighted], product),
    map(product, [{ formula: 'mul', operands: [{ ...rstd!, shape: [groups] }] }, share], slope),
    ...([[product, dweight], [sum, dbias]] as const).flatMap(copied),
    ...chained(rows, { x: x!, ...statistics, slope, ...(centred ? { level } : {}), dout: dout!, ...(weight ? { weight } : {}) }, [
      ...difference, step('mul', [['slope', at.group]]), ...(centred ? [step('add', [['level', at.group]])] : []),
      isWeighted ? step('fromProduct', [['dout', at.all], ['weight', at.channel!]]) : step('sub', [['dout', at.all]], [], 1),
      step('mul', [['rstd', at.group]]), ...(isScaled ? [step('mul', [['weight', at.channel!]])] : []),
    ], { epilogue: epilogue?.steps ?? [], reads: named(reads, ['dout', 'x', 'weight', 'mean', 'rstd'], false), writes: named(writes, ['dx', 'dweight', 'dbias'], false) }, dx!, cutting),
  ];
}

const isBackward = (request: Request<NormalizationSpec | NormalizationBackwardSpec>): request is Request<NormalizationBackwardSpec> => 'dx' in request.writes;

/** A normalisation of rows or of groups of an example's channels, and its way back: ranges of examples; where a group is too large, sums and chains. */
export const cutNormalization: CutRule<NormalizationSpec | NormalizationBackwardSpec> = /* @__PURE__ */ bringing(/* @__PURE__ */ rangeFormulas(), (request: Request<NormalizationSpec | NormalizationBackwardSpec>, cutting: Cutting) => {
  const { spec, writes } = request;
  const { runs, groups, length, channels, inner, epilogue } = spec;
  const each = channels * inner / length;
  const result = (writes.out ?? writes.dx)!;
  const parts = runs !== 1 || isChannel(spec) || !Number.isInteger(each) ? undefined : cutPieces(request, {
    count: groups / each, along: ['x', 'dout', 'mean', 'rstd', 'out', 'dx'], chain: epilogue?.steps ?? [], columns: epilogue?.columns ?? 1, result,
    specOf: (count, steps) => ({ ...spec, groups: count * each, ...(epilogue ? { epilogue: { ...epilogue, steps } } : {}) }),
  }, cutting);
  if (parts) return parts;
  const rows: Rows = { runs, groups, length, channels, inner, columns: epilogue?.columns ?? columnsOf(spec) };
  return isBackward(request) ? normalizeBackwardInSteps(request, rows, cutting) : normalizeInSteps(request as Request<NormalizationSpec>, rows, cutting);
});

/** The gradients of a weight and a bias: ranges of rows; where one row is too large, sums and chains. */
export const cutNormalizationParameters: CutRule<NormalizationParametersSpec> = (request, cutting) => {
  const parts = cutParameters(request, cutting);
  const { spec: { outer, channels, inner, groups, length, centred, eps }, reads, writes } = request;
  if (parts || eps !== undefined) return parts;
  const grouping = { runs: outer, groups: channels, length: inner, channels, inner };
  const rows: Rows = { ...grouping, columns: columnsOf(grouping) };
  const at = stretched(groups, length, rows);
  const { dout, x, ...statistics } = reads;
  const all = fullAccess(elementsOf(rows) / rows.columns, rows.columns);
  if (!at) return undefined;
  const { dweight, dbias } = writes;
  return [
    ...(dweight ? [groupSums(rows, { x: x!, ...statistics, dout: dout! }, [...(centred ? [step('sub', [['mean', at]])] : []), step('mul', [['rstd', at]]), step('mul', [['dout', all]])], dweight)] : []),
    ...(dbias ? [groupSums(rows, { x: dout! }, [], dbias)] : []),
  ];
};

/** What batchNorm keeps for evaluation: sums over ranges, of which the new statistic is made. */
export const cutRunningStatistic: CutRule<RunningStatisticSpec> = ({ spec, reads, writes }, cutting) => {
  const { runs, groups, length, momentum, statistic } = spec;
  const rows: Rows = { runs, groups, length, channels: groups, inner: length, columns: columnsOf({ runs, groups, length, channels: groups, inner: length }) };
  const at = accessesOf(rows);
  if (!at) return undefined;
  const [kept, mean] = [cutting.value('kept', [groups]), cutting.value('mean', [groups])];
  const [x, size] = [reads.x!, groupSize(spec)];
  const share = { epilogue: [step('scale', [], [momentum]), step('add', [['kept', fullAccess(1, groups)]])] };
  return [
    { family: elementwiseFamily, spec: { rows: 1, columns: groups, start: fullAccess(1, groups), steps: [step('scale', [], [1 - momentum])] }, reads: { x: reads.running! }, writes: { out: kept } },
    ...(statistic === 'mean' ? [groupSums(rows, { x, kept }, [], writes.out!, { scale: 1 / size, ...share })] : [
      groupSums(rows, { x }, [], mean, { scale: 1 / size }),
      groupSums(rows, { x, mean, kept }, [step('sub', [['mean', at.group]]), step('squared')], writes.out!, { scale: 1 / (size - 1), ...share }),
    ]),
  ];
};
