import type { StepReport } from 'chainrule';

/** The steps' reports: they arrive in order and late, and wait here as rows until they are sent. */
export class StepReports {
  #diverged = false;
  /** The end of the last report that is on its way. */
  #arrived: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #rows: number[] = [];

  /** Whether a loss was not finite: what came after it is not taken. */
  get diverged(): boolean {
    return this.#diverged;
  }

  /** Waits for one more report, without holding up the caller. */
  follow(report: Promise<StepReport>): void {
    this.#arrived = this.#arrived.then(() => report).then((result) => this.#note(result)).catch((error: unknown) => { this.#failure ??= { error }; });
  }

  /** Throws what kept a report from arriving. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Resolves when all reports that are on their way have arrived; throws what kept one from it. */
  async arrived(): Promise<void> {
    await this.#arrived;
    this.check();
  }

  /** Rows of telemetry (step, loss, accuracy) that nobody has taken yet; undefined where there are none. */
  take(): Float32Array | undefined {
    if (this.#rows.length === 0) return undefined;
    const rows = Float32Array.from(this.#rows);
    this.#rows = [];
    return rows;
  }

  /** Lets the reports on their way arrive, and forgets them and any failure: they belong to what was. */
  async forget(): Promise<void> {
    await this.#arrived;
    this.#rows = [];
    this.#failure = undefined;
  }

  /** From weights that are numbers again. */
  begin(): void {
    this.#diverged = false;
  }

  #note({ step, loss, accuracy = NaN }: StepReport): void {
    if (this.#diverged) return;
    this.#rows.push(step, loss, accuracy);
    this.#diverged = !Number.isFinite(loss);
  }
}
