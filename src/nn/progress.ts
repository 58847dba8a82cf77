import type { Section } from '../program/plan.ts';

/** How far a training is: what its steps count on, and what a state saves beside tensors. */
export class Progress {
  /** Steps taken: batches that were trained on. */
  step = 0;
  /** Epochs finished. */
  epoch = 0;
  /** Steps of the optimiser since its state was 0: its bias corrections count these. */
  optimizerStep = 0;
  /** Batches whose gradients wait, added up, for the next step of the optimiser. */
  gathered = 0;
  /** Steps of the optimiser that the average of the weights has seen. */
  averaged = 0;
  readonly #accumulate: number;
  readonly #averages: boolean;

  constructor({ accumulate = 1, averageDecay }: { readonly accumulate?: number; readonly averageDecay?: number | undefined }) {
    this.#accumulate = accumulate;
    this.#averages = averageDecay !== undefined;
  }

  /** Whether the next step changes the weights. */
  get updates(): boolean {
    return this.gathered + 1 >= this.#accumulate;
  }

  /** What the next step runs. */
  get sections(): Section[] {
    const sections: Section[] = ['forward', 'backward', 'buffers'];
    if (this.#accumulate > 1) sections.push(this.gathered === 0 ? 'firstSum' : 'sum');
    if (this.updates) {
      sections.push('update');
      if (this.#averages) sections.push(this.averaged === 0 ? 'firstAverage' : 'average');
    }
    return [...sections, 'report'];
  }

  /** The step is on its way. */
  advance(): void {
    const { updates } = this;
    this.step += 1;
    this.gathered = updates ? 0 : this.gathered + 1;
    if (!updates) return;
    this.optimizerStep += 1;
    if (this.#averages) this.averaged += 1;
  }
}
