import { ChainruleError, checkNumber, DataError, show, ShapeError } from '../errors.ts';
import { sameShape, showShape, sizeOf, type Shape } from '../ops/tensor.ts';
import type { Placement } from '../program/memory.ts';
import type { Progress } from './progress.ts';
import type { LearningRate } from './schedules/learning-rate.ts';
import type { ScheduleState } from './schedules/schedule.ts';
import type { CompiledStep, StepEngine } from './step-engine.ts';
import { AVERAGE, GRADIENT_SUM, LOSS_SCALE } from './step-extras.ts';
import type { LossScaleState } from './step-report.ts';

export interface TensorState {
  readonly shape: Shape;
  readonly data: Float32Array;
}

type Tensors = Readonly<Record<string, TensorState>>;

/** Everything that training has changed: enough to go on exactly where it was. Plain data; survives a structured clone. */
export interface TrainerState {
  /** Steps taken. */
  readonly step: number;
  /** Epochs finished: it decides the order of the next one. */
  readonly epoch: number;
  /** The learning rate; with a schedule the one that it starts from. */
  readonly lr: number;
  /** By PyTorch's names: `0.weight` [out, in]. */
  readonly parameters: Tensors;
  /** State of the model that is not trained, by PyTorch's names: `1.running_mean`. */
  readonly buffers: Tensors;
  readonly optimizer: {
    readonly name: string;
    /** Steps since its state was 0: Adam's bias corrections count them. */
    readonly step: number;
    /** By parameter and slot: `0.weight.expAvg`. */
    readonly state: Tensors;
    /** The optimiser of each trainable parameter: groups may have others. States of before do not say. */
    readonly names?: Readonly<Record<string, string>>;
  };
  /** What a schedule that follows a metric remembers. */
  readonly schedule?: ScheduleState;
  /** With `accumulate`, between two steps of the optimiser: how many batches wait, and the sum of their gradients / accumulate. */
  readonly accumulated?: { readonly batches: number; readonly gradients: Tensors };
  /** With `precision: 'mixed'`: how far the loss scale is. */
  readonly lossScale?: LossScaleState;
  /** With `average`: how many steps of the optimiser it has seen, and the average of each trainable parameter. */
  readonly average?: { readonly steps: number; readonly parameters: Tensors };
}

/** What `load` takes: of a state at least the parameters, and the buffers of a model that has some. */
export type LoadedState = Pick<TrainerState, 'parameters'> & Partial<TrainerState>;

/** A tensor of the trainer that lives in an arena. */
export interface Part extends Placement {
  readonly name: string;
  readonly shape: Shape;
}

/** Parameters and buffers of the model, by their names. */
export function modelParts({ net, program }: CompiledStep): { parameters: Part[]; buffers: Part[] } {
  const partsOf = (list: CompiledStep['net']['buffers']): Part[] => list.map(({ name, tensor }) => ({ name, shape: tensor.shape, ...program.plan.placements.get(tensor.id)! }));
  return { parameters: partsOf(net.parameters), buffers: partsOf(net.buffers) };
}

function partsOf({ setup }: StepEngine, step: CompiledStep): Readonly<Record<'parameters' | 'buffers' | 'optimizer' | 'gradients' | 'average', Part[]>> {
  const { parameters, buffers } = modelParts(step);
  // A frozen parameter lies in a buffer of its own, which no optimiser touches.
  const trainable = parameters.filter((_, index) => !step.net.parameters[index]!.tensor.frozen);
  const inArena = (buffer: string): Part[] => trainable.map((part) => ({ ...part, buffer }));
  return {
    parameters, buffers,
    optimizer: setup.grouping.slots(step.net.parameters, step.program.plan.placements),
    gradients: setup.accumulate > 1 ? inArena(GRADIENT_SUM) : [],
    average: setup.averageDecay === undefined ? [] : inArena(AVERAGE),
  };
}

/** Reads every parameter, every buffer and all state of the training back, bit for bit. */
export async function readState(engine: StepEngine, main: CompiledStep, { step, epoch, gathered, averaged, optimizerStep }: Progress, rate: LearningRate): Promise<TrainerState> {
  const { device, grouping, averageDecay, mixed } = engine.setup;
  const parts = partsOf(engine, main);
  const arenas = new Map<string, ArrayBuffer>();
  const read = async (list: readonly Part[]): Promise<Tensors> => {
    for (const { buffer: name } of list) {
      const buffer = engine.store.find(name);
      if (buffer && !arenas.has(name)) arenas.set(name, await device.read(buffer, 0, buffer.size));
    }
    return Object.fromEntries(list.map(({ buffer, name, shape, offset }) =>
      [name, { shape, data: new Float32Array(arenas.get(buffer)!.slice(offset, offset + sizeOf(shape) * 4)) }]));
  };
  return {
    step, epoch, lr: rate.base, parameters: await read(parts.parameters), buffers: await read(parts.buffers),
    optimizer: { name: grouping.main.name, step: optimizerStep, state: await read(parts.optimizer), names: grouping.names(main.net.parameters) },
    ...(rate.state === undefined ? {} : { schedule: rate.state }),
    ...(gathered > 0 ? { accumulated: { batches: gathered, gradients: await read(parts.gradients) } } : {}),
    ...(mixed ? { lossScale: mixed.fields(new Float32Array(await device.read(engine.store.find(LOSS_SCALE)!, 0, 16))) } : {}),
    ...(averageDecay === undefined ? {} : { average: { steps: averaged, parameters: await read(parts.average) } }),
  };
}

function checkTensors(kind: string, parts: readonly Part[], given: Tensors): void {
  if (given === null || typeof given !== 'object') throw new DataError('load', `${kind} by name`, show(given));
  for (const { name, shape } of parts) {
    const tensor = Object.hasOwn(given, name) ? given[name] : undefined;
    if (!tensor) throw new DataError('load', `the ${kind} ${name}`, `a state without it (it has ${Object.keys(given).slice(0, 6).map(show).join(', ') || 'none'})`);
    if (!(tensor.data instanceof Float32Array)) throw new DataError('load', `a Float32Array for ${name}`, show(tensor.data));
    if (!Array.isArray(tensor.shape) || !sameShape(tensor.shape, shape) || tensor.data.length !== sizeOf(shape)) {
      throw new ShapeError('load', `${name} of shape ${showShape(shape)}`, `${Array.isArray(tensor.shape) ? showShape(tensor.shape) : show(tensor.shape)} with ${tensor.data.length} numbers`);
    }
    const bad = tensor.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new DataError('load', 'finite numbers', `${tensor.data[bad]} at element ${bad} of ${name}`);
  }
  const known = new Set(parts.map(({ name }) => name));
  const extra = Object.keys(given).find((name) => !known.has(name));
  if (extra !== undefined) throw new DataError('load', `${kind} that this model has`, `one more, ${show(extra)}`, 'Load it into the model that it was saved from.');
}

/** The moments of one optimiser mean nothing to another, though they may have the same names. */
function checkNames(own: Readonly<Record<string, string>>, given: unknown): void {
  if (given === undefined) return;
  if (given === null || typeof given !== 'object') throw new DataError('load', 'optimizer.names as state() returns it', show(given));
  for (const [parameter, name] of Object.entries(own)) {
    const other: unknown = Object.hasOwn(given, parameter) ? (given as Record<string, unknown>)[parameter] : undefined;
    if (other !== name) throw new ChainruleError('state', 'load', `the state of ${name} for ${parameter}`, `that of ${show(other)}`, 'Compile with the groups that the state was saved from, or leave optimizer out of the state.');
  }
}

/** What only a trainer that was compiled with the same option can go on with. */
function checkExtra(name: string, option: string, given: unknown, has: boolean): void {
  if (given === null || typeof given !== 'object') throw new DataError('load', `${name} as state() returns it`, show(given));
  if (!has) throw new ChainruleError('state', 'load', `a trainer compiled with ${option}`, `one without it, and a state with ${name}`, `Compile with ${option}, or leave ${name} out of the state.`);
}

/**
 * Goes on from a state: everything is checked before anything is written. Without `optimizer` its state starts again at 0,
 * without `average` and `lossScale` they start again. Throws a DataError or ShapeError that names the tensor.
 */
export function loadState(engine: StepEngine, main: CompiledStep, state: LoadedState, progress: Progress, rate: LearningRate): void {
  const { device, grouping, accumulate, averageDecay, mixed } = engine.setup;
  const optimizer = grouping.main;
  if (state === null || typeof state !== 'object') throw new DataError('load', 'a state as state() returns it', show(state));
  const { step = 0, epoch = 0, lr = optimizer.lr, parameters, buffers = {}, accumulated, average, lossScale } = state;
  checkNumber('load', 'step', step, { integer: true, min: 0 });
  checkNumber('load', 'epoch', epoch, { integer: true, min: 0 });
  const takeRate = rate.loading(lr, state.schedule);
  const optimizerStep = checkNumber('load', 'optimizer.step', state.optimizer ? state.optimizer.step : 0, { integer: true, min: 0 });
  const parts = partsOf(engine, main);
  checkTensors('parameters', parts.parameters, parameters);
  checkTensors('buffers', parts.buffers, buffers);
  if (state.optimizer) {
    if (state.optimizer.name !== optimizer.name) {
      throw new ChainruleError('state', 'load', `the state of ${optimizer.name}`, `that of ${show(state.optimizer.name)}`, 'Compile with the optimizer that the state was saved from, or leave optimizer out of the state.');
    }
    checkNames(grouping.names(main.net.parameters), state.optimizer.names);
    checkTensors('optimizer state', parts.optimizer, state.optimizer.state);
  }
  if (accumulated !== undefined) {
    checkExtra('accumulated', 'accumulate', accumulated, accumulate > 1);
    checkNumber('load', 'accumulated.batches', accumulated.batches, { integer: true, min: 1, below: accumulate });
    checkTensors('accumulated gradients', parts.gradients, accumulated.gradients);
  }
  if (lossScale !== undefined) checkExtra('lossScale', 'precision "mixed"', lossScale, mixed !== undefined);
  const scale = lossScale === undefined ? mixed?.start : mixed?.parse(lossScale);
  if (average !== undefined) {
    checkExtra('average', 'average', average, averageDecay !== undefined);
    checkNumber('load', 'average.steps', average.steps, { integer: true, min: 0 });
    checkTensors('averages', parts.average, average.parameters);
  }
  const write = (list: readonly Part[], given: Tensors | undefined): void => {
    for (const { buffer, name, shape, offset } of list) {
      const target = engine.store.find(buffer);
      if (target) device.write(target, offset, given?.[name]?.data ?? new Float32Array(sizeOf(shape)));
    }
  };
  write(parts.parameters, parameters);
  write(parts.buffers, buffers);
  write(parts.optimizer, state.optimizer?.state);
  write(parts.gradients, accumulated?.gradients);
  write(parts.average, average?.parameters ?? parameters);
  if (scale) device.write(engine.store.find(LOSS_SCALE)!, 0, scale);
  takeRate();
  Object.assign(progress, { step, epoch, optimizerStep, gathered: accumulated?.batches ?? 0, averaged: average?.steps ?? 0 });
}

/** SHA-256 over all parameters and then all buffers in the model's order, as 64 hexadecimal digits. */
export async function hashState({ parameters, buffers }: Pick<TrainerState, 'parameters' | 'buffers'>): Promise<string> {
  const parts = [...Object.values(parameters), ...Object.values(buffers)].map(({ data }) => data);
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
