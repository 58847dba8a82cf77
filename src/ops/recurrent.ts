import { CELLS, hasProduct, type CellName, type RecurrentSpec } from '../../shaders/recurrent-cells.wgsl.ts';
import { recurrentBackwardQuad, recurrentForwardQuad } from '../../shaders/recurrent-quad.wgsl.ts';
import { recurrentBackward, recurrentForward, recurrentInitial, recurrentPrevious } from '../../shaders/recurrent.wgsl.ts';
import type { Kernel } from '../../shaders/kernel.ts';
import { OptionError, ShapeError, show } from '../errors.ts';
import { multiply } from './matmul.ts';
import { flag, type Named, type LibraryOp, type Options } from './op.ts';
import { sumAxes } from './reduce.ts';
import { hasQuads, type KernelFamily, noFlops, type Request } from './request.ts';
import { sameShape, showShape, type Shape, type Tensor } from './tensor.ts';

/** A step's product of the state, or of its gradient, with the weight of all gates. */
const productFlops = ({ cell, batch, hidden }: RecurrentSpec): number => 2 * batch * CELLS[cell].gates * hidden ** 2;
/** A few operations for each gate of each unit, there and back. */
const gateFlops = ({ cell, batch, hidden }: RecurrentSpec, each: number): number => each * batch * CELLS[cell].gates * hidden;

/** Ranges of the batch: every row is a sequence of its own. */
const cut = { axis: 'batch', along: ['x', 'out', 'gates', 'initialHidden', 'initialCell', 'dout', 'dx', 'dhiddenGates', 'dstate', 'dinitialHidden', 'dinitialCell', 'previous'] };

/** Smaller products are done before the quads have begun. */
const WORTH_QUADS = 1 << 16;

/** A family of steps, in quads where their product is worth it. */
function steps(
  name: string, kernels: { readonly quad: (spec: RecurrentSpec) => Kernel; readonly unit: (spec: RecurrentSpec) => Kernel }, multiplies: (spec: RecurrentSpec) => boolean, gateOperations: number,
): KernelFamily<RecurrentSpec> {
  return {
    name,
    cut,
    flops: ({ spec }) => gateFlops(spec, gateOperations) + (multiplies(spec) ? productFlops(spec) : 0),
    variants: [
      {
        name: 'quad',
        runs: hasQuads,
        suits: (spec, target) => target.adapterClass === 'cpu' && hasQuads(target) && multiplies(spec) && spec.hidden % 4 === 0 && productFlops(spec) / 2 >= WORTH_QUADS,
        kernel: kernels.quad,
      },
      { name: 'unit', suits: () => true, kernel: kernels.unit },
    ],
  };
}

const forwardFamily = /* @__PURE__ */ steps('recurrent', { quad: recurrentForwardQuad, unit: recurrentForward }, hasProduct, 5);
const backwardFamily = /* @__PURE__ */ steps('recurrent-backward', { quad: recurrentBackwardQuad, unit: recurrentBackward }, ({ isLast }) => !isLast, 8);
const initialFamily: KernelFamily<RecurrentSpec> =
  { name: 'recurrent-initial', cut, flops: ({ spec }) => productFlops(spec), variants: [{ name: 'unit', suits: () => true, kernel: recurrentInitial }] };
const previousFamily: KernelFamily<RecurrentSpec> =
  { name: 'recurrent-previous', cut, flops: noFlops, variants: [{ name: 'unit', suits: () => true, kernel: recurrentPrevious }] };

/** The tensors among `all` that are there, by name. */
const present = (all: Readonly<Record<string, Tensor | undefined>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(all).flatMap(([name, tensor]) => (tensor ? [[name, tensor]] : [])));

/**
 * A recurrent layer over a whole sequence. `x` [batch, time, gates · hidden] is the input's part of each gate (a linear layer makes it for
 * all times at once); one launch per step adds the state's part, weight · h + bias, and makes the new state.
 */
function recurrent(name: string, formula: string, cellOf: (options: Options, who: string) => CellName, options: readonly string[], hasCell: boolean): LibraryOp {
  const specOf = (inputs: Named<Tensor>, given: Options): RecurrentSpec => {
    const [batch, time] = inputs.x!.shape as [number, number];
    return {
      cell: cellOf(given, name), batch, time, hidden: inputs.weight!.shape[1]!, reverse: flag(name, given, 'reverse'), isFirst: false, isLast: false,
      hasBias: inputs.bias !== undefined, hasInitialHidden: inputs.initialHidden !== undefined, hasInitialCell: inputs.initialCell !== undefined,
    };
  };
  /** Each step's place in time, in the order in which they run. */
  const stepsOf = ({ time, reverse }: RecurrentSpec): { place: number; isFirst: boolean; isLast: boolean }[] =>
    Array.from({ length: time }, (_, step) => ({ place: reverse ? time - 1 - step : step, isFirst: step === 0, isLast: step === time - 1 }));
  return {
    name,
    group: 'sequence',
    formula,
    families: [forwardFamily, backwardFamily],
    notes: `x [batch, time, gates · hidden]; ${hasCell ? 'out holds h, then c, at every time. Gates i f g o' : name === 'gru' ? 'out holds h at every time. Gates r z n' : 'out holds h at every time'}.`,
    inputs: ['x', 'weight', 'bias', 'initialHidden', ...(hasCell ? ['initialCell'] : [])],
    optional: ['bias', 'initialHidden', ...(hasCell ? ['initialCell'] : [])],
    options: [...options, 'reverse'],
    shapes: (inputs, given, who) => {
      const { x, weight, bias, initialHidden, initialCell } = inputs;
      const { gates, states } = CELLS[cellOf(given, who)];
      flag(who, given, 'reverse');
      const hidden = weight!.shape[1];
      if (weight!.shape.length !== 2 || weight!.shape[0] !== gates * hidden!) throw new ShapeError(who, `a weight [${gates === 1 ? '' : `${gates} · `}hidden, hidden]`, showShape(weight!.shape));
      if (x!.shape.length !== 3 || x!.shape[2] !== gates * hidden!) throw new ShapeError(who, `x [batch, time, ${gates * hidden!}] for its weight ${showShape(weight!.shape)}`, showShape(x!.shape));
      const expected: [string, Tensor | undefined, Shape][] = [
        ['bias', bias, [gates * hidden!]], ['initialHidden', initialHidden, [x!.shape[0]!, hidden!]], ['initialCell', initialCell, [x!.shape[0]!, hidden!]],
      ];
      for (const [input, tensor, shape] of expected) {
        if (tensor && !sameShape(tensor.shape, shape)) throw new ShapeError(who, `${input} ${showShape(shape)}`, showShape(tensor.shape));
      }
      return { out: [x!.shape[0]!, x!.shape[1]!, states * hidden!] };
    },
    saves: ({ x, weight }, given): Named<Shape> => (CELLS[cellOf(given, name)].gates > 1 ? { gates: [x!.shape[0]!, x!.shape[1]!, 4 * weight!.shape[1]!] } : {}),
    forward: ({ inputs, outputs: { out }, saved: { gates }, options: given, constant }) => {
      const spec = specOf(inputs, given);
      const { x, weight, bias, initialHidden, initialCell } = inputs;
      return stepsOf(spec).map(({ place, isFirst, isLast }) => ({
        family: forwardFamily, spec: { ...spec, isFirst, isLast },
        reads: present({
          timeIndex: constant(place, [1]), x, bias, weight: isFirst && !initialHidden ? undefined : weight,
          ...(isFirst ? { initialHidden, initialCell } : {}),
        }),
        writes: present({ out, gates }),
      }));
    },
    backward: ({ inputs, outputs: { out }, saved: { gates }, gradients: { out: dout }, wanted, options: given, scratch, constant }) => {
      const spec = specOf(inputs, given);
      const { cell, batch, time, hidden } = spec;
      const { weight, initialHidden, initialCell } = inputs;
      const width = CELLS[cell].gates * hidden;
      const isLone = CELLS[cell].gates === 1;
      // Launches read it that write other gradients, and gradients of parameters share one buffer: so it has memory of its own.
      const dx = scratch('dx', [batch, time, width]);
      const dhiddenGates = cell === 'gru' ? scratch('dhiddenGates', [batch, time, width]) : undefined;
      const dstate = isLone ? undefined : scratch('dstate', [batch, time, hidden]);
      const requests: Request[] = stepsOf(spec).reverse().map(({ place, isFirst, isLast }) => ({
        family: backwardFamily, spec: { ...spec, isFirst, isLast },
        reads: present({
          timeIndex: constant(place, [1]), dout, out, gates, weight: isLast ? undefined : weight,
          ...(isFirst && cell === 'gru' ? { initialHidden } : {}), ...(isFirst && cell === 'lstm' ? { initialCell } : {}),
        }),
        writes: present({ dx, dhiddenGates, dstate }),
      }));
      const dgates = dhiddenGates ?? dx;
      if (wanted.weight) {
        const previous = scratch('previous', [batch, time, hidden]);
        requests.push(
          { family: previousFamily, spec, reads: present({ out, initialHidden }), writes: { previous } },
          multiply({ transposeA: true }, dgates, previous, wanted.weight),
        );
      }
      if (wanted.bias) requests.push(...sumAxes(dgates, [0, 1], 1, wanted.bias));
      if (wanted.initialHidden || wanted.initialCell) {
        requests.push({
          family: initialFamily, spec,
          reads: present({ [cell === 'gru' ? 'dhiddenGates' : 'dx']: dgates, weight, gates, dstate }),
          writes: present({
            dinitialHidden: wanted.initialHidden ?? scratch('dinitialHidden', [batch, hidden]),
            dinitialCell: cell === 'lstm' ? wanted.initialCell ?? scratch('dinitialCell', [batch, hidden]) : undefined,
          }),
        });
      }
      return { requests, aliases: wanted.x ? { x: dx } : {} };
    },
  };
}

/**
 * Elman's recurrent net: h = tanh(x + weight · h + bias), or with nonlinearity 'relu' max(…, 0). weight [hidden, hidden]; out holds h at every
 * time, [batch, time, hidden]. With `reverse` it runs from the last time to the first. PyTorch's nn.RNN, one layer and direction.
 */
export const rnn = /* @__PURE__ */ recurrent('rnn', 'h = tanh(x + weight · h + bias)', ({ nonlinearity = 'tanh' }, who) => {
  if (nonlinearity !== 'tanh' && nonlinearity !== 'relu') throw new OptionError(who, 'nonlinearity to be "tanh" or "relu"', show(nonlinearity));
  return nonlinearity;
}, ['nonlinearity'], false);

/**
 * Gated recurrent unit (Cho et al. 2014) in PyTorch's form, gates r z n: r, z = σ(x + a), n = tanh(x_n + r · a_n), h = (1 - z) · n + z · h
 * with a = weight · h + bias, weight [3 · hidden, hidden]; out holds h at every time, [batch, time, hidden].
 */
export const gru = /* @__PURE__ */ recurrent('gru', 'h = (1 - z) · tanh(x_n + r · a_n) + z · h; r, z = σ(x + a), a = weight · h + bias', () => 'gru', [], false);

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), gates i f g o as in PyTorch:
 * c = f · c + i · g, h = o · tanh(c), weight [4 · hidden, hidden]. out [batch, time, 2 · hidden] holds h, then c, at every time.
 */
export const lstm = /* @__PURE__ */ recurrent('lstm', 'c = f · c + i · g, h = o · tanh(c); i, f, o = σ(x + a), g = tanh(x + a), a = weight · h + bias', () => 'lstm', [], true);
