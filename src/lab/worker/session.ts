import { DeviceLostError, GpuError, openDevice, type Device, type TrainerState, type TrainTest } from 'chainrule';
import { defaultConfig, onlyLrDiffers, type Config } from '../config.ts';
import type { Command, Event, RunState } from '../protocol.ts';
import { bugsOf, type PlantableBug } from './bugs.ts';
import { checkInBackground, type BackgroundCheck } from './check.ts';
import { readFiles } from './files.ts';
import { budget, every, firstCheck, insist, Pace } from './pace.ts';
import { Run } from './run.ts';
import { StepReports } from './step-reports.ts';
import { divergence, troubleOf } from './trouble.ts';

type Task = () => Promise<void> | void;

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
  /** What a lost device leaves to go on from. */
  #saved: { readonly state: TrainerState; readonly tainted: boolean } | undefined;
  #training = false;
  /** Whether the next net shall train at once: until somebody presses Pause. */
  #wanted = false;
  /** Steps wait: something else wants the GPU. */
  #held = false;
  #planted: PlantableBug | undefined;
  /** Whether a planted bug had a part in the present weights. */
  #tainted = false;
  #until = 0;
  #check: BackgroundCheck | undefined;
  readonly #reports = new StepReports();
  readonly #pace = new Pace();

  constructor(post: (event: Event, transfer?: Transferable[]) => void) {
    this.#post = post;
    void this.#loop();
  }

  handle(command: Command): void {
    if (command.type === 'files') void this.#readFiles(command.files);
    else if (command.type === 'hold') this.#hold(command.on);
    else this.#add(() => this.#obey(command));
  }

  async #obey(command: Exclude<Command, { type: 'files' | 'hold' }>): Promise<void> {
    if (command.type === 'configure') return this.#configure(command.config, command.start ?? this.#wanted);
    if (!this.#run) return undefined;
    switch (command.type) {
      case 'start': return this.#start();
      case 'pause': return this.#pause();
      case 'step': return this.#steps(command.count);
      case 'reset': return this.#reset();
      case 'check': return this.#startCheck();
      case 'bugs': await this.#sendBugs(); return;
      case 'plant': return this.#plant(command.id);
      case 'repair': return this.#repair();
    }
  }

  #hold(on: boolean): void {
    this.#held = on;
    this.#wake?.();
  }

  #add(task: Task): void {
    this.#tasks.push(task);
    this.#wake?.();
  }

  async #loop(): Promise<never> {
    for (;;) {
      const task = this.#tasks.shift() ?? (this.#training && !this.#held ? () => this.#tick() : this.#idleTasks.shift());
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
      if (before && !this.#reports.diverged && onlyLrDiffers(before.config, config)) {
        before.setLr(config.lr);
        this.#post({ type: 'config', config });
        return;
      }
      run = await this.#build(await this.#open(), config, this.#planted);
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
    if (this.#planted && !run.altered) {
      this.#planted = undefined;
      this.#post({ type: 'planted', step: 0, lost: true });
    }
    this.#fresh();
    if (start) this.#start();
    else this.#idleTasks = [() => this.#sendPicture()];
  }

  #build(device: Device, config: Config, planted: PlantableBug | undefined): Promise<Run> {
    return Run.build(device, config, this.#files, (done, total) => this.#post({ type: 'compiling', done, total }), planted?.alter);
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
    this.#reports.begin();
    this.#tainted = this.#planted !== undefined;
    this.#until = budget[this.#run!.facts.sample.kind];
    this.#sendState();
  }

  #start(): void {
    const { step, facts } = this.#run!;
    if (this.#reports.diverged) return;
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
    await this.#reports.forget();
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
    if (this.#reports.diverged) return;
    this.#wanted = false;
    this.#training = false;
    for (let i = 0; i < count && !this.#reports.diverged; i += 1) await this.#sendStep();
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
    if (this.#reports.diverged) return this.#settle();
    const { adapterClass } = this.#device!;
    if (this.#pace.due('telemetry', every.telemetry)) this.#sendTelemetry();
    if (this.#pace.due('picture', every.picture[adapterClass])) await this.#sendPicture();
    if (this.#pace.due('evaluation', every.evaluation[adapterClass])) await this.#evaluate('quick');
    if (this.#pace.due('save', every.save)) await this.#save();
    if (!this.#check && run.step >= firstCheck) await this.#startCheck();
    if (run.step >= this.#until) await this.#settle();
  }

  async #sendStep(): Promise<void> {
    this.#reports.check();
    const { report } = await this.#run!.train();
    this.#reports.follow(report);
  }

  /** Training has stopped: tell everything about the weights as they are now. */
  async #settle(): Promise<void> {
    this.#training = false;
    await this.#reports.arrived();
    this.#sendTelemetry();
    this.#sendState();
    const run = this.#run!;
    if (this.#reports.diverged) {
      this.#post({ type: 'trouble', trouble: divergence(run.step, await run.state()) });
      return;
    }
    this.#idleTasks = [
      () => this.#sendPicture(),
      () => this.#sendHash(),
      () => this.#save(),
      () => this.#evaluate('all'),
      () => this.#check?.step === run.step ? undefined : this.#startCheck(),
    ];
  }

  async #startCheck(): Promise<void> {
    const run = this.#run!;
    this.#check?.cancel();
    const { snapshot, examples } = await run.snapshot();
    this.#check = checkInBackground(snapshot, { device: this.#device!, step: run.step, examples, planted: this.#planted?.bug, post: this.#post });
  }

  async #sendBugs(): Promise<PlantableBug[]> {
    let bugs: PlantableBug[] = [];
    try {
      bugs = await bugsOf(this.#run!.launches);
    } catch (error) {
      // The proof records did not load: no reason to stop what trains.
      this.#post({ type: 'trouble', trouble: troubleOf(error, 'refused') });
    }
    this.#post({ type: 'bugs', bugs: bugs.map(({ bug }) => bug) });
    return bugs;
  }

  /** A list that was asked for before the net changed may name one that this net has no place for: then the new list is the answer. */
  async #plant(id: string): Promise<void> {
    const found = (await this.#sendBugs()).find(({ bug }) => bug.id === id);
    if (found && !this.#reports.diverged) await this.#exchange(found);
  }

  #repair(): Promise<void> | void {
    if (this.#planted) return this.#exchange(undefined);
  }

  /** The same net, with a bug or without, from the present weights on. */
  async #exchange(planted: PlantableBug | undefined): Promise<void> {
    const before = this.#run!;
    const training = this.#training;
    this.#training = false;
    this.#idleTasks = [];
    await this.#reports.arrived();
    this.#sendTelemetry();
    // Of weights that are no numbers any more the last saved ones are left, or the first.
    const from = this.#reports.diverged ? this.#saved : { state: await before.state(), tainted: this.#tainted };
    let run: Run;
    try {
      run = await this.#build(this.#device!, before.config, planted);
      if (from) await run.load(from.state);
    } catch (error) {
      if (error instanceof DeviceLostError) throw error;
      this.#post({ type: 'trouble', trouble: troubleOf(error, 'refused') });
      this.#training = training;
      return;
    }
    this.#check?.cancel();
    this.#check = undefined;
    await before.destroy();
    this.#run = run;
    this.#planted = planted;
    this.#tainted = planted !== undefined || from?.tainted === true;
    this.#reports.begin();
    this.#post({ type: 'planted', step: run.step, ...(planted ? { bug: planted.bug } : {}) });
    // At once, so that the verdict is about these kernels while the loss goes on as if nothing had happened.
    await this.#startCheck();
    this.#training = training;
    this.#sendState();
    if (!training) this.#idleTasks = [() => this.#sendPicture(), ...(run.step > 0 ? [() => this.#sendHash()] : [])];
  }

  async #save(): Promise<void> {
    this.#saved = { state: await this.#run!.state(), tainted: this.#tainted };
  }

  async #sendHash(): Promise<void> {
    const run = this.#run!;
    this.#post({ type: 'weights', step: run.step, hash: await run.hash(), tainted: this.#tainted });
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
    const rows = this.#reports.take();
    if (rows) this.#post({ type: 'telemetry', rows }, [rows.buffer]);
  }

  #sendState(): void {
    const { step } = this.#run!;
    const state: RunState = this.#reports.diverged ? 'diverged' : this.#training ? 'training' : step > 0 ? 'paused' : 'ready';
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
      const device = await insist(() => this.#open());
      const run = await this.#build(device, config, this.#planted);
      if (saved) await run.load(saved.state);
      this.#run = run;
      this.#tainted = this.#planted !== undefined || saved?.tainted === true;
    } catch (failure) {
      this.#post({ type: 'trouble', trouble: troubleOf(failure, 'fatal') });
      return;
    }
    this.#post({ type: 'device-lost', reason: error.reason, resumedAt: this.#run.step });
    if (again) this.#start();
    else this.#sendState();
  }
}
