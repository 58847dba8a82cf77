import { checkNumber, checkOptionNames, OptionError, show, ShapeError } from '../../errors.ts';
import { showShape, type Tensor } from '../../ops/tensor.ts';
import * as dropoutOps from '../../ops/dropout.ts';
import * as linearOps from '../../ops/linear.ts';
import type { Op } from '../../ops/op.ts';
import * as recurrentOps from '../../ops/recurrent.ts';
import { apply } from '../../program/trace.ts';
import { concat, narrow, select, stack } from '../functional/shape.ts';
import { uniform } from '../initializers.ts';
import { defineModule, type Context, type Module, type Parameter } from '../module.ts';

export interface RecurrentOptions {
  /** Layers, each on the output of the one before, ≥ 1. Default 1. */
  readonly numLayers?: number;
  /** Whether a second pass runs from the end to the start; the outputs of both stand beside each other. Default false. */
  readonly bidirectional?: boolean;
  /** Whether gates have biases. Default true. */
  readonly bias?: boolean;
  /** The probability with which numbers between two layers become 0 in training, in [0, 1). Default 0. */
  readonly dropout?: number;
  /** Whether the state is returned beside the output, and may be given. Default false: the layer fits sequential. */
  readonly returnState?: boolean;
}

/** States of all layers and directions, [numLayers · directions, batch, hiddenSize], in PyTorch's order. */
export interface RecurrentState {
  readonly hidden: Tensor;
  /** An LSTM's. */
  readonly cell?: Tensor;
}

export interface RecurrentResult extends RecurrentState {
  /** [batch, time, directions · hiddenSize]: the last layer's h at every time. */
  readonly output: Tensor;
}

/** A recurrent layer that also takes and returns its state. */
export type StatefulModule = Module<[x: Tensor, state?: RecurrentState], RecurrentResult>;

interface Kind {
  readonly op: Op;
  readonly gates: number;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Settings extends Required<Omit<RecurrentOptions, 'returnState'>> {
  readonly inputSize: number;
  readonly hiddenSize: number;
}

const NAMES: readonly (keyof RecurrentOptions)[] = ['numLayers', 'bidirectional', 'bias', 'dropout', 'returnState'];

function settingsOf(who: string, inputSize: number, hiddenSize: number, options: RecurrentOptions): Settings {
  checkNumber(who, 'inputSize', inputSize, { integer: true, min: 1 });
  checkNumber(who, 'hiddenSize', hiddenSize, { integer: true, min: 1 });
  const { numLayers = 1, bidirectional = false, bias = true, dropout = 0, returnState = false } = options;
  checkNumber(who, 'numLayers', numLayers, { integer: true, min: 1 });
  checkNumber(who, 'dropout', dropout, { min: 0, below: 1 });
  for (const [name, value] of Object.entries({ bidirectional, bias, returnState })) {
    if (typeof value !== 'boolean') throw new OptionError(who, `${name} to be true or false`, show(value));
  }
  if (dropout > 0 && numLayers === 1) throw new OptionError(who, 'at least two layers for dropout, which stands between them', `dropout ${dropout} and numLayers 1`);
  return { inputSize, hiddenSize, numLayers, bidirectional, bias, dropout };
}

const suffix = (layer: number, reverse: boolean): string => `_l${layer}${reverse ? '_reverse' : ''}`;

function parametersOf({ gates }: Kind, { inputSize, hiddenSize, numLayers, bidirectional, bias }: Settings): Record<string, Parameter> {
  const bound = 1 / Math.sqrt(hiddenSize);
  const initializer = uniform(-bound, bound);
  const parameters: Record<string, Parameter> = {};
  for (let layer = 0; layer < numLayers; layer += 1) {
    const width = layer === 0 ? inputSize : hiddenSize * (bidirectional ? 2 : 1);
    for (const reverse of bidirectional ? [false, true] : [false]) {
      const end = suffix(layer, reverse);
      parameters[`weight_ih${end}`] = { shape: [gates * hiddenSize, width], initializer };
      parameters[`weight_hh${end}`] = { shape: [gates * hiddenSize, hiddenSize], initializer };
      if (!bias) continue;
      parameters[`bias_ih${end}`] = { shape: [gates * hiddenSize], initializer };
      parameters[`bias_hh${end}`] = { shape: [gates * hiddenSize], initializer };
    }
  }
  return parameters;
}

function checkState(who: string, state: RecurrentState | undefined, count: number, batch: number, hiddenSize: number, hasCell: boolean): void {
  if (state === undefined) return;
  if (state === null || typeof state !== 'object' || !state.hidden) throw new OptionError(who, `a state { hidden${hasCell ? ', cell' : ''} }`, show(state));
  for (const [name, tensor] of Object.entries({ hidden: state.hidden, ...(hasCell ? { cell: state.cell } : {}) })) {
    const shape = tensor?.shape;
    if (shape?.length !== 3 || shape[0] !== count || shape[1] !== batch || shape[2] !== hiddenSize) {
      throw new ShapeError(who, `${name} [${count}, ${batch}, ${hiddenSize}]`, shape ? showShape(shape) : show(tensor));
    }
  }
}

/** The layers one on the other, each in one or two directions. */
function forward(kind: Kind, settings: Settings, { parameters, randomness }: Context, x: Tensor, state: RecurrentState | undefined): RecurrentResult {
  const { op, options } = kind;
  const { inputSize, hiddenSize, numLayers, bidirectional, dropout } = settings;
  const hasCell = op === recurrentOps.lstm;
  if (x.shape.length !== 3 || x.shape[2] !== inputSize) throw new ShapeError(op.name, `x [batch, time, ${inputSize}]`, showShape(x.shape));
  const [batch, time] = x.shape as [number, number, number];
  const directions = bidirectional ? [false, true] : [false];
  checkState(op.name, state, numLayers * directions.length, batch, hiddenSize, hasCell);
  let value = x;
  const [hidden, cells]: [Tensor[], Tensor[]] = [[], []];
  for (let layer = 0; layer < numLayers; layer += 1) {
    if (layer > 0 && dropout > 0 && randomness) {
      const { counter, layer: draw } = randomness.draw();
      value = apply(dropoutOps.dropout, { x: value, counter }, { p: dropout, layer: draw });
    }
    const outputs = directions.map((reverse, direction) => {
      const end = suffix(layer, reverse);
      const index = layer * directions.length + direction;
      const gates = apply(linearOps.linear, { x: value, weight: parameters[`weight_ih${end}`], bias: parameters[`bias_ih${end}`] });
      const states = apply(op, {
        x: gates, weight: parameters[`weight_hh${end}`], bias: parameters[`bias_hh${end}`],
        ...(state ? { initialHidden: select(state.hidden, 0, index), ...(hasCell && state.cell ? { initialCell: select(state.cell, 0, index) } : {}) } : {}),
      }, { ...options, ...(reverse ? { reverse } : {}) });
      const last = select(states, 1, reverse ? 0 : time - 1);
      hidden.push(hasCell ? narrow(last, 1, 0, hiddenSize) : last);
      if (hasCell) cells.push(narrow(last, 1, hiddenSize, hiddenSize));
      return hasCell ? narrow(states, 2, 0, hiddenSize) : states;
    });
    value = outputs.length === 1 ? outputs[0]! : concat(outputs, 2);
  }
  return { output: value, hidden: stack(hidden), ...(hasCell ? { cell: stack(cells) } : {}) };
}

function recurrent(kind: Kind, inputSize: number, hiddenSize: number, options: RecurrentOptions): Module | StatefulModule {
  const settings = settingsOf(kind.op.name, inputSize, hiddenSize, options);
  const parameters = parametersOf(kind, settings);
  if (options.returnState) {
    return defineModule<[x: Tensor, state?: RecurrentState], RecurrentResult>({ kind: kind.op.name, parameters, reshapes: true, forward: (context, x, state) => forward(kind, settings, context, x, state) });
  }
  return defineModule({ kind: kind.op.name, parameters, reshapes: true, forward: (context, x) => forward(kind, settings, context, x, undefined).output });
}

/**
 * Elman's recurrent layer, h = tanh(W_ih x + b_ih + W_hh h + b_hh) or with `nonlinearity: 'relu'` max(…, 0): x [batch, time, inputSize] to
 * [batch, time, directions · hiddenSize]. Parameters and their names are PyTorch's nn.RNN's (batch first): `weight_ih_l0` …
 */
export function rnn(inputSize: number, hiddenSize: number, options: RecurrentOptions & { readonly nonlinearity?: 'tanh' | 'relu'; readonly returnState: true }): StatefulModule;
export function rnn(inputSize: number, hiddenSize: number, options?: RecurrentOptions & { readonly nonlinearity?: 'tanh' | 'relu' }): Module;
export function rnn(inputSize: number, hiddenSize: number, options: RecurrentOptions & { readonly nonlinearity?: 'tanh' | 'relu' } = {}): Module | StatefulModule {
  checkOptionNames('rnn', options, [...NAMES, 'nonlinearity']);
  const { nonlinearity = 'tanh', ...rest } = options;
  if (nonlinearity !== 'tanh' && nonlinearity !== 'relu') throw new OptionError('rnn', 'nonlinearity to be "tanh" or "relu"', show(nonlinearity));
  return recurrent({ op: recurrentOps.rnn, gates: 1, options: { nonlinearity } }, inputSize, hiddenSize, rest);
}

/** Gated recurrent units (Cho et al. 2014) as PyTorch's nn.GRU, batch first: x [batch, time, inputSize] to [batch, time, directions · hiddenSize]. Gates r z n. */
export function gru(inputSize: number, hiddenSize: number, options: RecurrentOptions & { readonly returnState: true }): StatefulModule;
export function gru(inputSize: number, hiddenSize: number, options?: RecurrentOptions): Module;
export function gru(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}): Module | StatefulModule {
  checkOptionNames('gru', options, NAMES);
  return recurrent({ op: recurrentOps.gru, gates: 3, options: {} }, inputSize, hiddenSize, options);
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997) as PyTorch's nn.LSTM, batch first: x [batch, time, inputSize] to
 * [batch, time, directions · hiddenSize]. Gates i f g o. With `returnState: true` it is called with (x, { hidden, cell }) and returns
 * { output, hidden, cell }.
 */
export function lstm(inputSize: number, hiddenSize: number, options: RecurrentOptions & { readonly returnState: true }): StatefulModule;
export function lstm(inputSize: number, hiddenSize: number, options?: RecurrentOptions): Module;
export function lstm(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}): Module | StatefulModule {
  checkOptionNames('lstm', options, NAMES);
  return recurrent({ op: recurrentOps.lstm, gates: 4, options: {} }, inputSize, hiddenSize, options);
}
