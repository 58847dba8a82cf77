import { ChainruleError, checkNumber, DataError, show, ShapeError } from '../errors.ts';
import { sameShape, showShape, sizeOf } from '../ops/tensor.ts';
import type { Progress } from './progress.ts';
import type { LearningRate } from './schedules/learning-rate.ts';
import type { Schedule, ScheduleState } from './schedules/schedule.ts';
import { statefulParts, type LoadedState, type Part, type Tensors } from './state.ts';
import type { CompiledStep, StepEngine } from './step-engine.ts';
import { LOSS_SCALE } from './step-extras.ts';

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

/** What a schedule goes on from: what the state says, checked, or its start. */
function scheduleState(schedule: Schedule | undefined, lr: number, given: ScheduleState | undefined): ScheduleState | undefined {
  checkNumber('load', 'lr', lr, { above: 0, float32: true });
  const fresh = schedule?.start?.();
  if (given !== undefined && !sameForm(fresh, given)) {
    throw new DataError('load', `the state of ${fresh === undefined ? 'no schedule' : `the schedule ${schedule!.name}`}`, show(given), 'Compile with the schedule that it was saved from, or leave schedule out of the state.');
  }
  return given ?? fresh;
}

/** Whether two states have the same numbers in the same places. */
function sameForm(a: unknown, b: unknown): boolean {
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return typeof a === typeof b && (typeof b !== 'number' || Number.isFinite(b)) && (a === null) === (b === null);
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return Array.isArray(a) === Array.isArray(b) && x.length === y.length && x.every(([name, value]) => Object.hasOwn(b, name) && sameForm(value, (b as Record<string, unknown>)[name]));
}

/**
 * Goes on from a state: everything is checked before anything is written. Without `optimizer` its state starts again at 0,
 * without `average` and `lossScale` they start again. Throws a DataError or ShapeError that names the tensor.
 */
export function loadState(engine: StepEngine, main: CompiledStep, state: LoadedState, progress: Progress, rate: LearningRate): void {
  const { device, grouping, accumulate = 1, averageDecay, mixed } = engine.setup;
  const optimizer = grouping.main;
  if (state === null || typeof state !== 'object') throw new DataError('load', 'a state as state() returns it', show(state));
  const { step = 0, epoch = 0, lr = optimizer.lr, parameters, buffers = {}, accumulated, average, lossScale } = state;
  checkNumber('load', 'step', step, { integer: true, min: 0 });
  checkNumber('load', 'epoch', epoch, { integer: true, min: 0 });
  const schedule = scheduleState(engine.setup.schedule, lr, state.schedule);
  const optimizerStep = checkNumber('load', 'optimizer.step', state.optimizer ? state.optimizer.step : 0, { integer: true, min: 0 });
  const parts = statefulParts(engine, main);
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
  rate.restore(lr, schedule);
  Object.assign(progress, { step, epoch, optimizerStep, gathered: accumulated?.batches ?? 0, averaged: average?.steps ?? 0 });
}
