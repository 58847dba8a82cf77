/** Points that are kept: about two for each pixel of a wide chart. */
const most = 2048;
const smoothing = 0.95;

/**
 * The losses of a run at a bounded size: when there are too many, each two neighbours become their mean. Smoothing runs
 * over all steps, so thinning does not change it.
 */
export class LossHistory {
  readonly steps: number[] = [];
  readonly losses: number[] = [];
  readonly smooth: number[] = [];
  /** Steps that one point stands for. */
  #stride = 1;
  #open = { count: 0, sum: 0 };
  #average = 0;
  #seen = 0;

  clear(): void {
    this.steps.length = this.losses.length = this.smooth.length = 0;
    this.#stride = 1;
    this.#open = { count: 0, sum: 0 };
    this.#average = 0;
    this.#seen = 0;
  }

  add(step: number, loss: number): void {
    if (Number.isFinite(loss)) {
      this.#seen += 1;
      // The mean of what there is, until there is enough for the exponential one.
      const weight = Math.max(1 - smoothing, 1 / this.#seen);
      this.#average += weight * (loss - this.#average);
    }
    this.#open.count += 1;
    this.#open.sum += loss;
    if (this.#open.count < this.#stride) return;
    this.steps.push(step);
    this.losses.push(this.#open.sum / this.#open.count);
    this.smooth.push(this.#average);
    this.#open = { count: 0, sum: 0 };
    if (this.steps.length >= most) this.#thin();
  }

  /** Forgets what came after `step`. */
  cut(step: number): void {
    let length = this.steps.length;
    while (length > 0 && this.steps[length - 1] > step) length -= 1;
    this.steps.length = this.losses.length = this.smooth.length = length;
    this.#open = { count: 0, sum: 0 };
    this.#average = this.smooth[length - 1] ?? 0;
    this.#seen = length * this.#stride;
  }

  #thin(): void {
    const length = Math.floor(this.steps.length / 2);
    for (let i = 0; i < length; i += 1) {
      this.steps[i] = this.steps[2 * i + 1];
      this.losses[i] = (this.losses[2 * i] + this.losses[2 * i + 1]) / 2;
      this.smooth[i] = this.smooth[2 * i + 1];
    }
    this.steps.length = this.losses.length = this.smooth.length = length;
    this.#stride *= 2;
  }
}
