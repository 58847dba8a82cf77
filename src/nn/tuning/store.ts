/** Keeps the choices that were measured, by keys that name adapter, browser, work and kernels. Yours may keep them in a file. */
export interface TuningStore {
  /** The variant's name that was kept, or undefined. */
  get(key: string): Promise<string | undefined>;
  set(key: string, variant: string): Promise<void>;
}

/** Choices that a page keeps at most: the newest. */
export const KEPT_CHOICES = 500;

/** Keeps choices as long as the page lives, the newest 500. */
export function memoryStore(): TuningStore {
  const kept = new Map<string, string>();
  return {
    get: async (key) => kept.get(key),
    set: async (key, variant) => {
      // Set anew it is the newest.
      kept.delete(key);
      kept.set(key, variant);
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT_CHOICES) break;
        kept.delete(oldest);
      }
    },
  };
}

const finished = <T>(request: IDBRequest<T>): Promise<T> => new Promise((resolve, reject) => {
  request.addEventListener('success', () => resolve(request.result));
  request.addEventListener('error', () => reject(request.error ?? new Error('a request of the database failed')));
});

/** Keeps choices in the browser's own database, over visits: the newest 500. A record that is no choice counts as none. */
export function databaseStore(name = 'chainrule-tuning', most = KEPT_CHOICES): TuningStore {
  let opening: Promise<IDBDatabase> | undefined;
  const open = (): Promise<IDBDatabase> => {
    opening ??= (() => {
      const request = indexedDB.open(name, 1);
      request.addEventListener('upgradeneeded', () => { request.result.createObjectStore('choices', { keyPath: 'key' }).createIndex('time', 'time'); });
      return finished(request).then((database) => {
        // Whoever deletes or changes the database must not wait for this page: it is opened again when it is needed.
        database.addEventListener('versionchange', () => {
          database.close();
          opening = undefined;
        });
        return database;
      });
    })();
    return opening;
  };
  return {
    get: async (key) => {
      const found: unknown = await finished((await open()).transaction('choices').objectStore('choices').get(key));
      const { variant } = (found ?? {}) as { variant?: unknown };
      return typeof variant === 'string' ? variant : undefined;
    },
    set: async (key, variant) => {
      const choices = (await open()).transaction('choices', 'readwrite').objectStore('choices');
      await finished(choices.put({ key, variant, time: Date.now() }));
      const surplus = await finished(choices.count()) - most;
      if (surplus > 0) for (const old of await finished(choices.index('time').getAllKeys(null, surplus))) await finished(choices.delete(old));
    },
  };
}

/** The browser's database, or the page's memory where there is none. */
export const defaultStore = (): TuningStore => (typeof indexedDB === 'undefined' ? memoryStore() : databaseStore());
