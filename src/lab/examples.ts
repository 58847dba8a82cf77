// The page's part of `npm run examples`: runs one example. Its tests call the same function.
import { openDevice, type Device } from 'chainrule';
import { examples } from '../../examples/index.ts';

export interface ExampleRequest {
  readonly name: string;
  /** A few seconds of training with a weaker goal. */
  readonly reduced: boolean;
}

/** What an example came to, as plain data. */
export interface ExampleRun {
  readonly kind: 'done';
  readonly title: string;
  readonly goal: string;
  /** Whether the goal was reached and all gradients of the trained net are proven. */
  readonly passed: boolean;
  readonly reached: boolean;
  readonly summary: string;
  readonly steps: number;
  readonly seconds: number;
  readonly adapter: string;
  readonly gradients: { readonly passed: boolean; readonly proven: number; readonly total: number; readonly text: string };
}

/** Or why there was nothing to run. */
export type ExampleAnswer = ExampleRun | { readonly kind: 'missing'; readonly path: string } | { readonly kind: 'unknown'; readonly names: readonly string[] };

class MissingData extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`needs ${path}, got no such file`);
    this.path = path;
  }
}

async function fetchData(path: string): Promise<Response> {
  const response = await fetch(`/shared-data/${path}`);
  const missing = response.headers.get('x-missing');
  if (missing !== null) throw new MissingData(decodeURIComponent(missing));
  if (!response.ok) throw new Error(`examples: needs the file ${path}, got status ${response.status}.`);
  return response;
}

/** Runs an example on `device`, or on one of its own. */
export async function runExample({ name, reduced }: ExampleRequest, log: (line: string) => void, device?: Device): Promise<ExampleAnswer> {
  if (!Object.hasOwn(examples, name)) return { kind: 'unknown', names: Object.keys(examples) };
  const { example } = await examples[name]();
  const started = performance.now();
  const own = device ?? await openDevice();
  try {
    const { passed: reached, summary, steps, report } = await example.run({
      device: own, reduced, log,
      bytes: async (path) => (await fetchData(path)).arrayBuffer(),
      text: async (path) => (await fetchData(path)).text(),
    });
    const { passed, proven, total, checked } = report;
    const all = passed && checked === total;
    return {
      kind: 'done', title: example.title, goal: example.goal, passed: reached && all, reached, summary, steps, seconds: (performance.now() - started) / 1000,
      adapter: own.name, gradients: { passed: all, proven, total, text: String(report) },
    };
  } catch (error) {
    if (error instanceof MissingData) return { kind: 'missing', path: error.path };
    throw error;
  } finally {
    if (!device) own.destroy();
  }
}

const command = globalThis as unknown as { chainruleExampleLog?: (line: string) => void };
Object.assign(globalThis, { chainruleExample: (request: ExampleRequest) => runExample(request, (line) => command.chainruleExampleLog?.(line)) });
