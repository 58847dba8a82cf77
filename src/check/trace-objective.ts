import { seedKey } from '../data/philox.ts';
import { ChainruleError, checkObject, checkOptionNames, DataError, OptionError, ShapeError, show } from '../errors.ts';
import { Device } from '../gpu/device.ts';
import { Randomness, withTraining } from '../nn/module.ts';
import { checkVariants } from '../ops/variants.ts';
import { showShape, sizeOf } from '../ops/tensor.ts';
import type { Shape, Tensor } from '../ops/tensor.ts';
import type { Graph, Snapshot } from '../program/graph.ts';
import type { Alter } from '../program/plan.ts';
import { runGraph } from '../program/run-graph.ts';
import { Trace, tracing } from '../program/trace.ts';
import type { Checkable } from './check-gradients.ts';

/** One input of an objective: f32 numbers, or u32 for class indices, row by row. */
export interface ObjectiveInput {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
}

export interface ObjectiveOptions {
  /** Names of f32 inputs that get no gradient: data, targets, parameters that are held fixed. Default none. */
  readonly frozen?: readonly string[];
  /** The objective is ⟨output, cotangent⟩: one number for each element of the output. Default ones: the sum, or a loss itself. */
  readonly cotangent?: Float32Array;
  /** Decides the masks of dropout: an integer ≥ 0. Default 0. */
  readonly seed?: number;
  /** Whether several requests may share one launch. Default true. */
  readonly fusion?: boolean;
  /** Forces kernel variants by family. */
  readonly variants?: Readonly<Record<string, string>>;
  /** Changes the plan before it is compiled, to plant a bug and see it found. */
  readonly alter?: Alter;
}

/** A traced function of several tensors whose gradients `checkGradients` and `assertGradients` can prove. */
export interface Objective extends Checkable {
  readonly device: Device;
  readonly graph: Graph;
  /** Runs it once forward and backward on the GPU. It has its own values: a batch can't be given. */
  snapshot(options?: object): Promise<Snapshot>;
}

/**
 * Traces a function of any number of tensors, to prove its gradients without a model: `body` is called once with a tensor for
 * each of `values` and combines them with ops (`add`, `matmul`, `applyOp`, …), layers without parameters (`relu()`,
 * `dropout()`) and losses (`mse().apply(output, target)`). What it returns may have any shape. A tensor that is used twice is a
 * shared weight; a penalty is a further term of the sum. The values are copied.
 *
 * Throws an OptionError for options, a ShapeError or DataError for values (f32 must be finite), and what the ops throw.
 */
export function traceObjective<Name extends string>(
  device: Device, values: Readonly<Record<Name, ObjectiveInput>>, body: (tensors: Readonly<Record<Name, Tensor>>) => Tensor, options: ObjectiveOptions = {},
): Objective {
  const who = 'traceObjective';
  if (!(device instanceof Device)) throw new OptionError(who, 'a device from await openDevice()', show(device));
  if (typeof body !== 'function') throw new OptionError(who, 'a function of the tensors that returns one', show(body));
  checkOptionNames(who, options, ['frozen', 'cotangent', 'seed', 'fusion', 'variants', 'alter']);
  const { frozen = [], seed = 0, fusion = true, variants = {}, alter } = options;
  if (typeof fusion !== 'boolean') throw new OptionError(who, 'fusion to be true or false', show(fusion));
  if (alter !== undefined && typeof alter !== 'function') throw new OptionError(who, 'alter to be a function', show(alter));
  checkVariants(who, variants);
  const key = seedKey(seed, who);
  const inputs = checkValues(who, values);
  checkFrozen(who, frozen, inputs);

  const trace = new Trace();
  const data: Record<number, Float32Array | Uint32Array> = {};
  const tensors = {} as Record<Name, Tensor>;
  for (const [name, input] of inputs) {
    const isIndex = input.data instanceof Uint32Array;
    const tensor = trace.tensor(name, input.shape, isIndex ? 'input' : 'parameter', isIndex ? 'u32' : 'f32', frozen.includes(name) ? { frozen: true } : {});
    tensors[name as Name] = tensor;
    data[tensor.id] = input.data.slice();
  }
  const randomness = new Randomness(trace);
  const output = tracing(trace, () => withTraining({ randomness, updates: new Map() }, () => body(tensors)));
  const { graph } = trace;
  if (!output || graph.tensors[output.id] !== output) throw new ChainruleError('state', who, 'a function that returns a tensor made from those that it was given', show(output));
  // Masks are those of step 0, as in the check of a trainer.
  if (randomness.counter) data[randomness.counter.id] = Uint32Array.of(...key, 0);
  const cotangent = checkCotangent(who, options.cotangent, output);
  const wanted = graph.tensors.filter((tensor) => tensor.role === 'parameter' && !tensor.frozen).map(({ id }) => id);
  return {
    device, graph,
    snapshot: (given = {}) => {
      checkOptionNames('snapshot of an objective', given, []);
      return runGraph(device, {
        name: 'objective', graph, values: data, seeds: [{ tensor: output.id, cotangent }], wanted, target: { fusion, variants }, ...(alter ? { alter } : {}),
      });
    },
  };
}

function checkValues(who: string, values: Readonly<Record<string, ObjectiveInput>>): [string, ObjectiveInput][] {
  checkObject(who, 'values as an object { name: { shape, data } }', values);
  const entries = Object.entries(values);
  if (entries.length === 0) throw new OptionError(who, 'at least one value', 'none');
  for (const [name, input] of entries) {
    const shape: unknown = input?.shape;
    if (!Array.isArray(shape) || !shape.every((dimension) => Number.isSafeInteger(dimension) && dimension > 0)) {
      throw new ShapeError(who, `a shape of sizes > 0 for ${name}`, Array.isArray(shape) ? showShape(shape) : show(shape));
    }
    const { data } = input;
    if (!(data instanceof Float32Array || data instanceof Uint32Array)) throw new DataError(who, `a Float32Array or a Uint32Array for ${name}`, show(data));
    if (data.length !== sizeOf(shape)) throw new ShapeError(who, `${sizeOf(shape)} numbers for ${name} ${showShape(shape)}`, String(data.length));
    const bad = data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new DataError(who, `finite numbers for ${name}`, `${data[bad]} at element ${bad}`);
  }
  return entries;
}

function checkFrozen(who: string, frozen: readonly string[], inputs: readonly [string, ObjectiveInput][]): void {
  if (!Array.isArray(frozen)) throw new OptionError(who, 'frozen as a list of names', show(frozen));
  const real = inputs.filter(([, { data }]) => data instanceof Float32Array).map(([name]) => name);
  const stranger = frozen.find((name) => !real.includes(name));
  if (stranger !== undefined) throw new OptionError(who, `frozen among the f32 values ${real.join(', ') || '(none)'}`, show(stranger));
  if (real.every((name) => frozen.includes(name))) throw new OptionError(who, 'at least one f32 value that is not frozen', 'none', 'Nothing would be differentiated.');
}

function checkCotangent(who: string, given: Float32Array | undefined, output: Tensor): Float32Array {
  const size = sizeOf(output.shape);
  if (given === undefined) return new Float32Array(size).fill(1);
  if (!(given instanceof Float32Array)) throw new DataError(who, 'a Float32Array as cotangent', show(given));
  if (given.length !== size) throw new ShapeError(who, `${size} numbers as cotangent of the output ${showShape(output.shape)}`, String(given.length));
  const bad = given.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new DataError(who, 'finite numbers as cotangent', `${given[bad]} at element ${bad}`);
  return given.slice();
}
