import { DeviceLostError, GpuError, openDevice, type Device, type StepReport, type TrainerState, type TrainTest } from 'chainrule';
import { defaultConfig, onlyLrDiffers, type Config } from '../config.ts';
import { TELEMETRY, type Command, type Event, type RunState } from '../protocol.ts';
import { checkInBackground, type BackgroundCheck } from './check.ts';
import { readFiles } from './files.ts';
import { Run } from './run.ts';
import { divergence, troubleOf } from './trouble.ts';

/** Milliseconds between two events of a kind while training. */
const every = { telemetry: 40, picture: { gpu: 100, cpu: 300 }, evaluation: { gpu: 1000, cpu: 3000 }, save: 4000 } as const;
/** Steps after which training stops by itself, so that a forgotten tab rests. Start goes on for as many more. */
const budget = { points: 3000, curve: 2000, images: 1200 } as const;
/** Step of the first check while training: early, but with weights that have moved. */
const firstCheck = 100;

type Task = () => Promise<void> | void;
type Regular = keyof typeof every;

/**
 * Owns the device and one run. Commands are tasks that run one after the other; between them one training step at a time,
 * so that every command is answered after the step under way. What may wait, such as evaluating all test data after a
 * pause, is done last and dropped when training goes on.
 */
export class Session {
  readonly #post: (event: Event, transfer?: Transferable[]) => void;
  readonly #tasks: Task[] = [];
  #idleTasks: Task[] = [];
  #wake: (() => void) | undefined;
  #device: Device | undefined;
  #losses = 0;
  #run: Run | undefined;
  #files: TrainTest | undefined;
  #saved: TrainerState | undefined;
  #training = false;
  /** Whether the next net shall train at once: until somebody presses Pause. */
  #wanted = false;
  #diverged = false;
  #until = 0;
  #check: BackgroundCheck | undefined;
  /** Reports arrive in order and late; this is the end of the last. */
  #reported: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #rows: number[] = [];
  readonly #sent: Record<Regular, number> = { telemetry: 0, picture: 0, evaluation: 0, save: 0 };

  constructor(post: (event: Event, transfer?: Transferable[]) => void) {
    this.#post = post;
    void this.#loop();
  }

  handle(command: Command): void {
    if (command.type === 'files') void this.#readFiles(command.files);
    else this.#add(() => this.#obey(command));
  }

  #obey(command: Exclude<Command, { type: 'files' }>): Promise<void> | void {
    if (command.type === 'configure') return this.#configure(command.config, command.start ?? this.#wanted);
    if (!this.#run) return undefined;
    switch (command.type) {
      case 'start': return this.#start();
      case 'pause': return this.#pause();
      case 'step': return this.#steps(command.count);
      case 'reset': return this.#reset();
      case 'check': return this.#startCheck();
    }
  }

  #add(task: Task): void {
    this.#tasks.push(task);
    this.#wake?.();
  }

  async #loop(): Promise<never> {
    for (;;) {
      const task = this.#tasks.shift() ?? (this.#training ? () => this.#tick() : this.#idleTasks.shift());
      if (task) {
        try {
          await task();
        } catch (error) {
          await this.#fail(error);
        }
      } else {
        await new Promise<void>((resolve) => { this.#wake = resolve; });
      }
    }
  }

  async #configure(config: Config, start: boolean): Promise<void> {
    const before = this.#run;
    let run: Run;
    try {
      if (before && !this.#diverged && onlyLrDiffers(before.config, config)) {
        before.setLr(config.lr);
        this.#post({ type: 'config', config });
        return;
      }
      run = await Run.build(await this.#open(), config, this.#files, (done, total) => this.#post({ type: 'compiling', done, total }));
    } catch (error) {
      if (!before || error instanceof GpuError) throw error;
      this.#post({ type: 'trouble', trouble: troubleOf(error, 'refused') });
      // The form goes back to what is running.
      this.#post({ type: 'config', config: before.config });
      return;
    }
    await this.#forget();
    await before?.destroy();
    this.#run = run;
    this.#post({ type: 'run', facts: this.#run.facts });
    this.#fresh();
    if (start) this.#start();
    else this.#idleTasks = [() => this.#sendPicture()];
  }

  async #open(): Promise<Device> {
    if (this.#device) return this.#device;
    const device = await openDevice();
    this.#device = device;
    this.#post({ type: 'adapter', facts: device.facts });
    void device.lost.then((error) => this.#add(() => this.#recover(device, error)));
    return device;
  }

  #fresh(): void {
    this.#diverged = false;
    this.#until = budget[this.#run!.facts.sample.kind];
    this.#sendState();
  }

  #start(): void {
    const { step, facts } = this.#run!;
    if (this.#diverged) return;
    this.#idleTasks = [];
    this.#wanted = true;
    this.#training = true;
    if (step >= this.#until) this.#until = step + budget[facts.sample.kind];
    this.#sendState();
  }

  /** Stops, and lets the reports on their way arrive: they belong to what was. */
  async #stop(): Promise<void> {
    this.#training = false;
    this.#idleTasks = [];
    await this.#reported;
    this.#rows = [];
    this.#failure = undefined;
  }

  async #forget(): Promise<void> {
    await this.#stop();
    this.#check?.cancel();
    this.#check = undefined;
    this.#saved = undefined;
  }

  #pause(): Promise<void> | void {
    this.#wanted = false;
    if (this.#training) return this.#settle();
  }

  async #steps(count: number): Promise<void> {
    if (this.#diverged) return;
    this.#wanted = false;
    this.#training = false;
    for (let i = 0; i < count && !this.#diverged; i += 1) await this.#sendStep();
    await this.#settle();
  }

  async #reset(): Promise<void> {
    this.#wanted = false;
    await this.#forget();
    await this.#run!.reset();
    this.#post({ type: 'run', facts: { ...this.#run!.facts, config: this.#run!.config } });
    this.#fresh();
    this.#idleTasks = [() => this.#sendPicture()];
  }

  /** One step of training, and whatever is due. */
  async #tick(): Promise<void> {
    const run = this.#run!;
    await this.#sendStep();
    if (this.#diverged) return this.#settle();
    const { adapterClass } = this.#device!;
    if (this.#due('telemetry', every.telemetry)) this.#sendTelemetry();
    if (this.#due('picture', every.picture[adapterClass])) await this.#sendPicture();
    if (this.#due('evaluation', every.evaluation[adapterClass])) await this.#evaluate('quick');
    if (this.#due('save', every.save)) this.#saved = await run.state();
    if (!this.#check && run.step >= firstCheck) await this.#startCheck();
    if (run.step >= this.#until) await this.#settle();
  }

  #due(what: Regular, milliseconds: number): boolean {
    if (performance.now() - this.#sent[what] < milliseconds) return false;
    this.#sent[what] = performance.now();
    return true;
  }

  async #sendStep(): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    const { report } = await this.#run!.train();
    this.#reported = this.#reported.then(() => report).then((result) => this.#note(result)).catch((error: unknown) => { this.#failure ??= { error }; });
  }

  #note({ step, loss, accuracy = NaN }: StepReport): void {
    if (this.#diverged) return;
    this.#rows.push(step, loss, accuracy);
    this.#diverged = !Number.isFinite(loss);
  }

  /** Training has stopped: tell everything about the weights as they are now. */
  async #settle(): Promise<void> {
    this.#training = false;
    await this.#reported;
    if (this.#failure) throw this.#failure.error;
    this.#sendTelemetry();
    this.#sendState();
    const run = this.#run!;
    if (this.#diverged) {
      this.#post({ type: 'trouble', trouble: divergence(run.step, await run.state()) });
      return;
    }
    this.#idleTasks = [
      () => this.#sendPicture(),
      async () => this.#post({ type: 'weights', step: run.step, hash: await run.hash() }),
      async () => { this.#saved = await run.state(); },
      () => this.#evaluate('all'),
      () => this.#check?.step === run.step ? undefined : this.#startCheck(),
    ];
  }

  async #startCheck(): Promise<void> {
    const run = this.#run!;
    this.#check?.cancel();
    const { snapshot, examples } = await run.snapshot();
    this.#check = checkInBackground(snapshot, { step: run.step, examples, post: this.#post });
  }

  async #sendPicture(): Promise<void> {
    const { step, grid } = this.#run!;
    const values = await this.#run!.picture();
    this.#post({ type: 'picture', step, grid, values }, [values.buffer]);
  }

  async #evaluate(extent: 'quick' | 'all'): Promise<void> {
    const { step } = this.#run!;
    this.#post({ type: 'evaluation', step, ...await this.#run!.evaluate(extent) });
  }

  #sendTelemetry(): void {
    if (this.#rows.length < TELEMETRY) return;
    const rows = Float32Array.from(this.#rows);
    this.#rows = [];
    this.#post({ type: 'telemetry', rows }, [rows.buffer]);
  }

  #sendState(): void {
    const { step } = this.#run!;
    const state: RunState = this.#diverged ? 'diverged' : this.#training ? 'training' : step > 0 ? 'paused' : 'ready';
    this.#post({ type: 'state', state, step, until: this.#until });
  }

  /** Reads beside the training: a bad file changes nothing. */
  async #readFiles(files: readonly File[]): Promise<void> {
    try {
      const data = await readFiles(files);
      this.#add(() => {
        this.#files = data;
        return this.#configure(defaultConfig('mnist', this.#run?.config.seed ?? 0), true);
      });
    } catch (error) {
      this.#post({ type: 'trouble', trouble: troubleOf(error, 'refused') });
    }
  }

  async #fail(error: unknown): Promise<void> {
    this.#training = false;
    if (error instanceof DeviceLostError && this.#device) return this.#recover(this.#device, error);
    await this.#stop();
    this.#post({ type: 'trouble', trouble: troubleOf(error, 'fatal') });
  }

  /** Once, the net comes back from its last saved state on a new device. A device that is lost again is left alone. */
  async #recover(lost: Device, error: DeviceLostError): Promise<void> {
    if (this.#device !== lost || !this.#run) return;
    const { config } = this.#run;
    const saved = this.#saved;
    const again = this.#wanted;
    this.#device = undefined;
    this.#run = undefined;
    await this.#stop();
    this.#losses += 1;
    if (this.#losses > 1) {
      this.#losses = 0;
      this.#post({ type: 'trouble', trouble: troubleOf(error, 'fatal') });
      return;
    }
    try {
      const device = await this.#openAgain();
      const run = await Run.build(device, config, this.#files, (done, total) => this.#post({ type: 'compiling', done, total }));
      if (saved) await run.load(saved);
      this.#run = run;
    } catch (failure) {
      this.#post({ type: 'trouble', trouble: troubleOf(failure, 'fatal') });
      return;
    }
    this.#post({ type: 'device-lost', reason: error.reason, resumedAt: this.#run.step });
    if (again) this.#start();
    else this.#sendState();
  }

  /** A browser needs a moment to start its GPU process again. */
  async #openAgain(): Promise<Device> {
    for (let attempt = 1; ; attempt += 1) {
      await new Promise((resolve) => { setTimeout(resolve, 300 * attempt); });
      try {
        return await this.#open();
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
  }
}
