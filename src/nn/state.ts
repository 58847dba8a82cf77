import { sizeOf, type Shape } from '../ops/tensor.ts';
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

export type Tensors = Readonly<Record<string, TensorState>>;

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

/** Every tensor that training changes, by its part in a state. */
export function statefulParts({ setup }: StepEngine, step: CompiledStep): Readonly<Record<'parameters' | 'buffers' | 'optimizer' | 'gradients' | 'average', Part[]>> {
  const { parameters, buffers } = modelParts(step);
  // A frozen parameter lies in a buffer of its own, which no optimiser touches.
  const trainable = parameters.filter((_, index) => !step.net.parameters[index]!.tensor.frozen);
  const inArena = (buffer: string): Part[] => trainable.map((part) => ({ ...part, buffer }));
  return {
    parameters, buffers,
    optimizer: setup.grouping.slots(step.net.parameters, step.program.plan.placements),
    gradients: (setup.accumulate ?? 1) > 1 ? inArena(GRADIENT_SUM) : [],
    average: setup.averageDecay === undefined ? [] : inArena(AVERAGE),
  };
}

/** Reads every parameter, every buffer and all state of the training back, bit for bit. */
export async function readState(engine: StepEngine, main: CompiledStep, { step, epoch, gathered, averaged, optimizerStep }: Progress, rate: LearningRate): Promise<TrainerState> {
  const { device, grouping, averageDecay, mixed } = engine.setup;
  const parts = statefulParts(engine, main);
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
