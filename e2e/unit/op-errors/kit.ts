import { ops } from '../../../src/ops/index.ts';
import type { Shape, Tensor } from '../../../src/ops/tensor.ts';
import { Trace, tracing } from '../../../src/program/trace.ts';

type Shapes = Readonly<Record<string, Shape>>;

/** Traces `body` with tensors of these shapes, and returns what it says when it refuses them; undefined where it takes them. No GPU. */
export function refusal(shapes: Shapes, body: (tensors: Readonly<Record<string, Tensor>>) => unknown, types: Readonly<Record<string, 'u32'>> = {}): string | undefined {
  const trace = new Trace();
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, trace.tensor(name, shape, 'input', types[name] ?? 'f32')]));
  try {
    tracing(trace, () => body(tensors));
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** What an op says of these inputs and options. */
export function refusalOf(op: string, shapes: Shapes, options: object = {}, types: Readonly<Record<string, 'u32'>> = {}): string | undefined {
  const trace = new Trace();
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, trace.tensor(name, shape, 'input', types[name] ?? 'f32')]));
  try {
    tracing(trace, () => trace.apply(ops[op]!, inputs, { ...options }));
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}
