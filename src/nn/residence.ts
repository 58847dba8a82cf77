import { LimitError } from '../errors.ts';
import type { AnyDataset } from '../data/dataset.ts';
import type { Dispatch } from '../gpu/sequence.ts';
import { sizeOf, type Tensor } from '../ops/tensor.ts';
import type { Program } from '../program/program.ts';
import { planned } from './check-plan-fits.ts';
import type { StepEngine } from './step-engine.ts';
import { planGather } from './step-plans.ts';

/** A data set that lives on the GPU, with the launches that take batches of one size out of it. */
export interface Resident {
  readonly data: AnyDataset;
  readonly name: string;
  readonly gathers: Map<number, Dispatch[]>;
  readonly tensors: { inputs: Tensor; targets: Tensor; order: Tensor };
  readonly program: Program;
}

/** Data sets above this stay in memory and are uploaded batch by batch. */
const RESIDENT_BYTES = 256 * 2 ** 20;

/** Keeps data on the GPU: one set at a time. */
export class Residence {
  readonly #engine: StepEngine;
  #resident: Resident | undefined;
  #count = 0;

  constructor(engine: StepEngine) {
    this.#engine = engine;
  }

  /** Puts a data set on the GPU, once; undefined where it is too large for that, or for the budget. `rows` are the sizes of its batches. */
  async of(data: AnyDataset, rows: readonly number[]): Promise<Resident | undefined> {
    if (data.inputs.byteLength + data.targets.byteLength > RESIDENT_BYTES) return undefined;
    if (this.#resident?.data !== data) {
      if (this.#resident) this.#engine.store.release(`${this.#resident.name}.`);
      this.#resident = undefined;
      this.#count += 1;
      const name = `data${this.#count}`;
      const made = await this.#gather(name, data, rows[0]!).catch((error: unknown) => {
        // Then its batches go up one by one.
        if (error instanceof LimitError) return undefined;
        throw error;
      });
      if (!made) return undefined;
      this.#resident = { data, name, gathers: new Map([[rows[0]!, made.program.dispatches('batch')]]), ...made };
    }
    const resident = this.#resident;
    // Anew each time: the arrays may have been changed in place since.
    resident.program.write(resident.tensors.inputs, data.inputs);
    resident.program.write(resident.tensors.targets, data.targets);
    for (const size of rows) {
      if (!resident.gathers.has(size)) resident.gathers.set(size, (await this.#gather(resident.name, data, size)).program.dispatches('batch'));
    }
    return resident;
  }

  /** The buffers that batches of this size go to are no longer there. */
  forget(rows: number): void {
    this.#resident?.gathers.delete(rows);
  }

  async #gather(name: string, data: AnyDataset, rows: number): Promise<Pick<Resident, 'tensors' | 'program'>> {
    const { inputType, target } = this.#engine.setup;
    const sized = await planned(() => ({
      plan: planGather(`train${rows}`, name, {
        examples: data.length, rows, inputSize: sizeOf(data.inputShape), inputType, targetSize: sizeOf(data.targetShape), targetType: data.targets instanceof Uint32Array ? 'u32' : 'f32',
      }, target),
    }), this.#engine.room());
    return { tensors: sized.plan.data, program: await this.#engine.create(sized) };
  }
}
