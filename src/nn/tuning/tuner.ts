import { checkNumber, checkObject, checkOptionNames, OptionError, show } from '../../errors.ts';
import type { Device } from '../../gpu/device.ts';
import { oneLine } from '../../gpu/adapter.ts';
import type { Request, Target } from '../../ops/request.ts';
import { variantOf } from '../../program/plan.ts';
import { fastest, race } from './choose.ts';
import { adapterKey, browserKey, requestKey, sizeClass, storedKey } from './keys.ts';
import { defaultStore, type TuningStore } from './store.ts';
import { TABLE } from './table.ts';
import { candidatesOf, canTry, differs, Trial, type Candidate } from './trial.ts';

/** How kernels are chosen by measuring them. */
export interface TuneOptions {
  /**
   * True takes only the rules and the table that comes with the library: nothing is measured or stored, whatever the other options say. So two
   * machines with one kind of adapter and one version of the library take the same kernels. Default false.
   */
  readonly deterministic?: boolean;
  /** Whether the table that comes with the library is asked first. Default true. */
  readonly table?: boolean;
  /**
   * Where choices are kept. Default the browser's database, or memory where there is none. One that fails costs measurements, not the training;
   * one that gives no answer in five seconds is not asked again.
   */
  readonly store?: TuningStore;
  /** Milliseconds for measuring one piece of work, > 0; each kernel is measured once whatever it takes. Default 150. */
  readonly budget?: number;
  /** By which part of its time a kernel must beat the rule's choice, in [0, 1). Default 0.05. */
  readonly minimumGain?: number;
  /** Called after each piece of work. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** One kernel in the race. */
export interface TunedVariant {
  readonly variant: string;
  /** The least time of one run; undefined where it was not measured. */
  readonly milliseconds?: number;
  /** Why it is not taken, whatever its time: what it got wrong, or why it does not run here. */
  readonly refused?: string;
}

/** A piece of work that kernels competed for. */
export interface TunedWork {
  readonly family: string;
  readonly label: string;
  /** The work with each size rounded to a power of two, as the table names it. */
  readonly sizeClass: string;
  /** What the rules would take. */
  readonly rule: string;
  readonly chosen: string;
  /** Who chose. `rule` also where nothing was faster by enough. */
  readonly by: 'rule' | 'table' | 'stored' | 'measured';
  readonly variants: readonly TunedVariant[];
}

export interface TuningReport {
  readonly work: readonly TunedWork[];
  /** What went wrong with the store, if something did: then choices hold for this trainer alone. */
  readonly storeProblem: string | undefined;
}

/** `tune` as it is used, checked. */
export function checkTune(tune: unknown): TuneOptions | undefined {
  if (tune === false) return undefined;
  if (tune === true) return {};
  checkObject('compile', 'tune to be true, false or options', tune);
  checkOptionNames('compile', tune, ['deterministic', 'table', 'store', 'budget', 'minimumGain', 'onProgress']);
  const { deterministic, table, store, budget, minimumGain, onProgress } = tune as TuneOptions;
  if (deterministic !== undefined && typeof deterministic !== 'boolean') throw new OptionError('compile', 'tune.deterministic to be true or false', show(deterministic));
  if (table !== undefined && typeof table !== 'boolean') throw new OptionError('compile', 'tune.table to be true or false', show(table));
  if (store !== undefined && (typeof store?.get !== 'function' || typeof store.set !== 'function')) throw new OptionError('compile', 'tune.store with get and set', show(store));
  if (budget !== undefined) checkNumber('compile', 'tune.budget', budget, { above: 0 });
  if (minimumGain !== undefined) checkNumber('compile', 'tune.minimumGain', minimumGain, { min: 0, below: 1 });
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new OptionError('compile', 'tune.onProgress to be a function', show(onProgress));
  return tune as TuneOptions;
}

/** Milliseconds that an answer of the store is waited for. */
const STORE_PATIENCE = 5000;

/** Chooses variants for the work of a trainer's programs: by the table, by what was stored, else by a race. */
export class Tuner {
  readonly #options: TuneOptions;
  readonly #store: TuningStore;
  readonly #seen = new Map<string, Request>();
  readonly #chosen = new Map<string, string>();
  readonly #work: TunedWork[] = [];
  #storeProblem: string | undefined;
  #storeIsSilent = false;
  #settling: Promise<boolean> = Promise.resolve(false);

  constructor(options: TuneOptions) {
    this.#options = options;
    this.#store = options.store ?? defaultStore();
  }

  get report(): TuningReport {
    return { work: [...this.#work], storeProblem: this.#storeProblem };
  }

  /** What is chosen for a request, or undefined: then it is noted, for `settle`. */
  readonly choose = (request: Request): string | undefined => {
    if (request.family.variants.length < 2 || !canTry(request)) return undefined;
    const key = requestKey(request);
    if (!this.#chosen.has(key)) this.#seen.set(key, request);
    return this.#chosen.get(key);
  };

  /**
   * Chooses for everything that was noted, with trials that take at most `spare` bytes each. Resolves with whether there was anything: then plans
   * that were made before are to be made again.
   */
  settle(device: Device, target: Target, spare = Infinity): Promise<boolean> {
    // What another program's turn chooses may be what this one noted: who waits for it plans anew, too.
    const before = this.#settling;
    const mine = (async () => {
      const others = await before.catch(() => false);
      return await this.#settleNoted(device, target, spare) || others;
    })();
    this.#settling = mine;
    // Whoever comes when all is done has seen what was chosen.
    mine.catch(() => undefined).finally(() => { if (this.#settling === mine) this.#settling = Promise.resolve(false); });
    return mine;
  }

  async #settleNoted(device: Device, target: Target, spare: number): Promise<boolean> {
    const noted = [...this.#seen];
    this.#seen.clear();
    // Who waits for measurements waits for long texts, too: the rules that these are held against are those of long trainings.
    const plain: Target = { ...target, longRun: true, choose: () => undefined };
    for (const [index, [key, request]] of noted.entries()) {
      const rule = variantOf(request, plain).name;
      const candidates = candidatesOf(request, plain);
      // Where nothing competes there is nothing to tell.
      const work = candidates.length < 2 ? undefined : await this.#decide(new Trial(device, request, spare), rule, candidates);
      if (work) this.#work.push(work);
      this.#chosen.set(key, work?.chosen ?? rule);
      this.#options.onProgress?.(index + 1, noted.length);
    }
    return noted.length > 0;
  }

  async #decide(trial: Trial, rule: string, candidates: readonly Candidate[]): Promise<TunedWork> {
    const { device, request } = trial;
    const { family, label = family.name } = request;
    const base = { family: family.name, label, rule, sizeClass: sizeClass(request) };
    const tabled = this.#options.table === false ? undefined : TABLE[adapterKey(device)]?.[base.sizeClass];
    const names = candidates.map(({ variant }) => variant);

    if (tabled !== undefined && names.includes(tabled)) return { ...base, chosen: tabled, by: 'table', variants: [] };
    if (this.#options.deterministic) return { ...base, chosen: rule, by: 'rule', variants: [] };
    const key = await storedKey([adapterKey(device), browserKey(), requestKey(request), ...candidates.flatMap(({ variant, launches }) => [variant, ...launches.map(({ kernel }) => kernel.code)])]);
    const stored = await this.#kept(device, () => this.#store.get(key));
    if (stored !== undefined && names.includes(stored)) return { ...base, chosen: stored, by: 'stored', variants: [] };
    const { variants, timed } = await this.#raceOf(trial, candidates);
    const chosen = fastest(timed, rule, this.#options.minimumGain ?? 0.05);
    // What could not be tried now may be another time.
    if (timed.length > 0) await this.#kept(device, () => this.#store.set(key, chosen));
    return { ...base, chosen, by: chosen === rule ? 'rule' : 'measured', variants };
  }

  /** A store that fails or keeps silent costs a measurement, not the training; with the device it is not waited for any more. */
  async #kept<T>(device: Device, use: () => Promise<T>): Promise<T | undefined> {
    if (this.#storeIsSilent) return undefined;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      patience = setTimeout(() => {
        this.#storeIsSilent = true;
        reject(new Error(`the store gave no answer in ${STORE_PATIENCE / 1000} seconds; it is not asked again`));
      }, STORE_PATIENCE);
    });
    try {
      return await Promise.race([use(), silence, device.lost.then(() => undefined)]);
    } catch (error) {
      this.#storeProblem ??= oneLine(error instanceof Error ? error.message : String(error));
      return undefined;
    } finally {
      clearTimeout(patience);
    }
  }

  /** Every variant on the same numbers: who does not give what the simplest gives is out before any time is taken. */
  async #raceOf(trial: Trial, candidates: readonly Candidate[]): Promise<{ variants: TunedVariant[]; timed: { variant: string; milliseconds: number | undefined }[] }> {
    try {
      const refused = new Map<string, string>();
      const refuse = ({ variant }: Candidate, error: unknown): void => {
        trial.device.check();
        refused.set(variant, oneLine(error instanceof Error ? error.message : String(error)));
      };
      const simplest = candidates.at(-1)!;
      let expected: Float32Array[];
      try {
        expected = await trial.run(simplest);
        if (!expected.every((values) => values.every(Number.isFinite))) throw new Error('the numbers of the trial give none that are finite');
      } catch (error) {
        // Work that is too large to be tried has nothing to be held against: the rules choose.
        refuse(simplest, error);
        return { variants: [{ variant: simplest.variant, refused: refused.get(simplest.variant)! }], timed: [] };
      }
      for (const candidate of candidates.slice(0, -1)) {
        try {
          const wrong = differs(await trial.run(candidate), expected);
          if (wrong) refused.set(candidate.variant, wrong);
        } catch (error) {
          refuse(candidate, error);
        }
      }
      const running = candidates.map(({ variant }) => variant).filter((variant) => !refused.has(variant));
      const times = await race(running, (variant) => trial.measure(variant), this.#options.budget ?? 150);
      const variants = candidates.map(({ variant }): TunedVariant => ({
        variant, ...(times.has(variant) ? { milliseconds: times.get(variant)! } : {}), ...(refused.has(variant) ? { refused: refused.get(variant)! } : {}),
      }));
      return { variants, timed: candidates.map(({ variant }) => ({ variant, milliseconds: times.get(variant) })) };
    } finally {
      trial.end();
    }
  }
}
