import { ChainruleError, DataError, show, ShapeError } from '../errors.ts';
import { sameShape, showShape, sizeOf, type Shape } from '../ops/tensor.ts';
import type { Optimizer } from './optimizers.ts';
import type { CompiledStep, StepEngine } from './step-engine.ts';

export interface TensorState {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** Everything that training has changed: enough to go on exactly where it was. Plain data; survives a structured clone. */
export interface TrainerState {
  /** Steps taken. */
  readonly step: number;
  /** Epochs finished: it decides the order of the next one. */
  readonly epoch: number;
  /** The learning rate. */
  readonly lr: number;
  /** By PyTorch's names: `0.weight` [out, in]. */
  readonly parameters: Readonly<Record<string, TensorState>>;
  readonly optimizer: {
    readonly name: string;
    /** Steps since its state was 0: Adam's bias corrections count them. */
    readonly step: number;
    /** By parameter and slot: `0.weight.expAvg`. */
    readonly state: Readonly<Record<string, TensorState>>;
  };
}

interface Part {
  readonly buffer: string;
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
}

function partsOf({ net, program }: CompiledStep, optimizer: Optimizer): { parameters: Part[]; optimizer: Part[] } {
  const parameters = net.parameters.map(({ name, tensor }): Part =>
    ({ name, shape: tensor.shape, ...program.plan.placements.get(tensor.id)! }));
  // A frozen parameter lies in a buffer of its own, which no optimiser touches.
  const trainable = parameters.filter((_, index) => !net.parameters[index]!.tensor.frozen);
  return {
    parameters,
    optimizer: optimizer.slots.flatMap((slot) => trainable.map((part): Part => ({ ...part, buffer: `optimizer.${slot}`, name: `${part.name}.${slot}` }))),
  };
}

/** Reads every parameter and all optimiser state back, bit for bit. */
export async function readState(engine: StepEngine, step: CompiledStep, counters: Pick<TrainerState, 'step' | 'epoch' | 'lr'>, optimizerStep: number): Promise<TrainerState> {
  const { device, optimizer } = engine.setup;
  const arenas = new Map<string, ArrayBuffer>();
  for (const name of ['parameters', 'frozen', ...optimizer.slots.map((slot) => `optimizer.${slot}`)]) {
    const buffer = engine.store.find(name);
    if (buffer) arenas.set(name, await device.read(buffer, 0, buffer.size));
  }
  const read = (parts: readonly Part[]): Record<string, TensorState> => Object.fromEntries(parts.map(({ buffer, name, shape, offset }) =>
    [name, { shape, data: new Float32Array(arenas.get(buffer)!.slice(offset, offset + sizeOf(shape) * 4)) }]));
  const parts = partsOf(step, optimizer);
  return { ...counters, parameters: read(parts.parameters), optimizer: { name: optimizer.name, step: optimizerStep, state: read(parts.optimizer) } };
}

function checkTensors(kind: string, parts: readonly Part[], given: Readonly<Record<string, TensorState>>): void {
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

/**
 * Writes a state: everything is checked before anything is written. Without `optimizer` its state starts again at 0.
 * Throws a DataError or ShapeError that names the tensor.
 */
export function writeState(engine: StepEngine, step: CompiledStep, state: Pick<TrainerState, 'parameters'> & Partial<TrainerState>): void {
  const { device, optimizer } = engine.setup;
  if (state === null || typeof state !== 'object') throw new DataError('load', 'a state as state() returns it', show(state));
  const parts = partsOf(step, optimizer);
  checkTensors('parameters', parts.parameters, state.parameters);
  if (state.optimizer) {
    if (state.optimizer.name !== optimizer.name) {
      throw new ChainruleError('state', 'load', `the state of ${optimizer.name}`, `that of ${show(state.optimizer.name)}`, 'Compile with the optimizer that the state was saved from, or leave optimizer out of the state.');
    }
    checkTensors('optimizer state', parts.optimizer, state.optimizer.state);
  }
  const write = (list: readonly Part[], given: Readonly<Record<string, TensorState>> | undefined): void => {
    for (const { buffer, name, shape, offset } of list) {
      const target = engine.store.find(buffer);
      if (target) device.write(target, offset, given?.[name]?.data ?? new Float32Array(sizeOf(shape)));
    }
  };
  write(parts.parameters, state.parameters);
  write(parts.optimizer, state.optimizer?.state);
}

/** SHA-256 over all parameters in the model's order, as 64 hexadecimal digits. */
export async function hashParameters({ parameters }: TrainerState): Promise<string> {
  const parts = Object.values(parameters).map(({ data }) => data);
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', all));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
