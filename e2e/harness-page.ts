// Runs in the browser: what a GPU test's body gets as `lib`.

/** What a caught error said, as plain data that can leave the page. */
export interface Caught {
  readonly name: string;
  readonly message: string;
  /** The code of a ChainruleError. */
  readonly code?: string;
}

export interface Library {
  /** All exports of src/index.ts. */
  readonly chainrule: typeof import('../src/index.ts');
  /** All exports of src/gradcheck.ts. */
  readonly gradcheck: typeof import('../src/gradcheck.ts');
  /** Any other module by its path from the root: `await lib.load<typeof import('../../src/gpu/device.ts')>('/src/gpu/device.ts')`. */
  load<M>(path: `/${string}`): Promise<M>;
  /** The error that `body` throws, as plain data. It throws itself where `body` doesn't. */
  caught(body: () => unknown): Promise<Caught>;
}

/** How the page answers: errors as data, because Playwright keeps only their text. */
export type Answer = { readonly error: null; readonly value: unknown } | { readonly error: string };

/** From harness.html: Vite would add a query to an import() here, and the page would hold two copies of the module. */
declare const importAsIs: (path: string) => Promise<unknown>;

type Loaded = { readonly module: unknown } | { readonly failure: unknown };

async function load(path: string): Promise<Loaded> {
  try {
    return { module: await importAsIs(path) };
  } catch (failure) {
    return { failure };
  }
}

// A module that does not load fails only the tests that use it: kernels can be tested while the public API is being changed.
const [index, gradcheck] = [await load('/src/index.ts'), await load('/src/gradcheck.ts')];

function open(loaded: Loaded): unknown {
  if ('failure' in loaded) throw loaded.failure;
  return loaded.module;
}

const library: Library = {
  get chainrule() {
    return open(index) as Library['chainrule'];
  },
  get gradcheck() {
    return open(gradcheck) as Library['gradcheck'];
  },
  load: async <M>(path: `/${string}`) => open(await load(path)) as M,
  caught: async (body) => {
    try {
      await body();
    } catch (thrown) {
      const { name, message, code } = thrown as Caught;
      return { name, message, code };
    }
    throw new Error('lib.caught: needs a body that throws, got one that did not.');
  },
};

/** The message, and of the stack only the lines in our files. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `the body threw ${String(thrown)}`;
  const lines = (thrown.stack ?? '').split('\n').filter((line) => /\/(src|shaders)\//.test(line) && !thrown.message.includes(line));
  // Playwright and the test compile the body apart from the page, so its outer names are unknown here.
  const advice = thrown instanceof ReferenceError ? ' (a body sees only lib and its argument: pass what it needs as the argument)' : '';
  return [`${thrown.name}: ${thrown.message}${advice}`, ...lines].join('\n');
}

async function run(body: (lib: Library, argument: unknown) => unknown, argument: unknown): Promise<Answer> {
  try {
    return { error: null, value: await body(library, argument) };
  } catch (thrown) {
    return { error: describe(thrown) };
  }
}

async function adapter(): Promise<string | null> {
  const found = await navigator.gpu?.requestAdapter();
  if (!found) return null;
  const { vendor, architecture, device, description, isFallbackAdapter } = found.info;
  const words = [vendor, architecture, device, description].filter(Boolean).join(' ') || 'unnamed';
  return `${words}${isFallbackAdapter || architecture === 'swiftshader' ? ', in software' : ''}`;
}

/**
 * Playwright's transform turns `using` into calls of a helper that it puts into the test's file, which a body in the page
 * cannot see. This is that helper, on the browser's own stacks: u and a add, e is the block's error, d disposes.
 */
function usingContext(): object {
  const none = {};
  const added: { value: Disposable | AsyncDisposable | null; wait: boolean }[] = [];
  const add = (wait: boolean) => (value: Disposable | AsyncDisposable | null) => {
    added.push({ value, wait });
    return value;
  };
  return {
    e: none,
    u: add(false),
    a: add(true),
    d(this: { e: unknown }) {
      const rethrow = (): void => {
        if (this.e !== none) throw this.e;
      };
      if (added.some(({ wait }) => wait)) {
        const stack = new AsyncDisposableStack();
        stack.defer(rethrow);
        for (const { value } of added) stack.use(value);
        return stack.disposeAsync();
      }
      const stack = new DisposableStack();
      stack.defer(rethrow);
      for (const { value } of added) stack.use(value as Disposable | null);
      stack.dispose();
    },
  };
}

export interface HarnessGlobal {
  readonly run: typeof run;
  readonly adapter: typeof adapter;
  readonly usingContext: typeof usingContext;
}

(globalThis as unknown as { harness: HarnessGlobal }).harness = { run, adapter, usingContext };
