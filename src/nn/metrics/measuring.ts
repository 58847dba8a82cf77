import { OptionError, show } from '../../errors.ts';
import type { Request } from '../../ops/request.ts';
import type { Tensor } from '../../ops/tensor.ts';
import type { Extension } from '../../program/plan.ts';
import type { Program } from '../../program/program.ts';
import type { LossNet } from '../net.ts';
import type { Counter, MetricSetting } from './counter.ts';
import type { Metric, MetricValue } from './metrics.ts';

/** The metrics of one call and the counters that they need, each once. */
export interface Measuring {
  readonly metrics: readonly { readonly metric: Metric; readonly counter: Counter }[];
  readonly counters: readonly Counter[];
  /** The launches that add one batch to every counter. */
  counting(extension: Extension, net: LossNet): { requests: Request[]; places: Counting[] };
  /** Sets every counter to what it holds before the first batch. */
  reset(program: Program, places: readonly Counting[], targets: Float32Array | Uint32Array): void;
  /** The values of all metrics, read back once. */
  finish(program: Program, places: readonly Counting[], examples: number): Promise<Record<string, MetricValue>>;
}

/** Where a program counts: one place for all batch sizes, because buffers of one name are one buffer. */
export interface Counting {
  readonly counter: Counter;
  readonly tensor: Tensor;
}

/** Checks a list of metrics for a model and its loss. */
export function measuring(who: string, metrics: readonly Metric[], setting: MetricSetting): Measuring {
  if (!Array.isArray(metrics)) throw new OptionError(who, 'metrics as a list', show(metrics));
  const counters = new Map<string, Counter>();
  const names = new Set<string>();
  const all = metrics.map((metric: Metric) => {
    if (typeof metric?.counter !== 'function' || typeof metric.finish !== 'function') {
      throw new OptionError(who, 'metrics such as metrics.accuracy() and metrics.topK(5)', show(metric), 'Call the function: metrics.accuracy(), not metrics.accuracy.');
    }
    if (names.has(metric.name)) throw new OptionError(who, 'a name of its own for each metric', `two called ${show(metric.name)}`, 'Give one a name: f1({ average: "micro", name: "microF1" }).');
    names.add(metric.name);
    const made = metric.counter(setting);
    const counter = counters.get(made.key) ?? made;
    counters.set(counter.key, counter);
    return { metric, counter };
  });
  return {
    metrics: all, counters: [...counters.values()],
    counting: (extension, net) => counting(extension, net, [...counters.values()]),
    reset: (program, places, targets) => {
      for (const { counter, tensor } of places) program.write(tensor, counter.start?.(targets) ?? new Uint32Array(counter.length));
    },
    finish: async (program, places, examples) => {
      const counts = new Map<string, Float32Array | Uint32Array>();
      for (const { counter, tensor } of places) {
        const numbers = await program.read(tensor);
        counts.set(counter.key, counter.type === 'u32' ? new Uint32Array(numbers.buffer) : numbers);
      }
      return Object.fromEntries(all.map(({ metric, counter }) => [metric.name, metric.finish(counts.get(counter.key)!, examples, setting)]));
    },
  };
}

function counting(extension: Extension, net: LossNet, counters: readonly Counter[]): { requests: Request[]; places: Counting[] } {
  const outputs = extension.tensor(net.outputs.id);
  const places = counters.map((counter) => ({ counter, tensor: extension.place(`metrics.${counter.key}`, [counter.length], 'diagnostics', counter.type) }));
  const requests = places.flatMap(({ counter, tensor }) =>
    counter.requests({ outputs, targets: net.targets, counters: tensor, value: extension.value }).map((request) => ({ ...request, label: `metrics.${counter.key}` })));
  return { requests, places };
}
