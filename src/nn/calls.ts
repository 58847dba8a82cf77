import { ChainruleError } from '../errors.ts';

/** Keeps a trainer's calls apart: steps run one after the other, everything else alone, and the end comes after all of them. */
export class Calls {
  #busyWith: string | undefined;
  /** The end of the last step: calls that are not awaited still run one after the other. */
  #tail: Promise<unknown> = Promise.resolve();
  /** Calls that have not ended: the end waits for them. */
  readonly #open = new Set<Promise<unknown>>();
  #ending: Promise<void> | undefined;
  #reject: () => void = () => undefined;
  /** Rejects once the end was asked for: a callback of fit that awaits destroy() must not wait for itself. */
  readonly ended: Promise<never>;

  constructor() {
    this.ended = new Promise((_, reject) => {
      this.#reject = () => reject(disposed('fit'));
    });
    this.ended.catch(() => undefined);
  }

  /** Runs `body` after the steps before it. */
  inTurn<T>(who: string, body: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(() => {
      this.#refuseWhileBusy(who);
      return body();
    });
    this.#tail = turn.catch(() => undefined);
    return this.#counted(turn);
  }

  /** Runs `body` after the steps sent so far; until it ends, every other call is refused. */
  async exclusively<T>(who: string, body: () => Promise<T>): Promise<T> {
    this.refuseAfterEnd(who);
    return this.#counted(this.#tail.then(async () => {
      this.#refuseWhileBusy(who);
      this.#busyWith = who;
      try {
        return await body();
      } finally {
        this.#busyWith = undefined;
      }
    }));
  }

  refuseAfterEnd(who: string): void {
    if (this.#ending) throw disposed(who);
  }

  /** Refuses every further call, and runs `last` when those under way have ended. */
  end(last: () => Promise<void>): Promise<void> {
    this.#reject();
    this.#ending ??= Promise.allSettled(this.#open).then(last);
    return this.#ending;
  }

  #refuseWhileBusy(who: string): void {
    if (this.#busyWith) throw new ChainruleError('busy', who, 'one call at a time', `a call during ${this.#busyWith}`, `Await ${this.#busyWith}() first.`);
  }

  #counted<T>(call: Promise<T>): Promise<T> {
    this.#open.add(call);
    const done = (): void => { this.#open.delete(call); };
    call.then(done, done);
    return call;
  }
}

function disposed(who: string): ChainruleError {
  return new ChainruleError('disposed', who, 'a trainer that is still there', 'one after destroy()', 'Compile the model again.');
}
