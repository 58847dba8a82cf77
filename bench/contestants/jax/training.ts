import { jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { ADAM, type TrainingCase } from '../../cases/case.ts';
import { sizeOf, type HostTensor } from '../../harness/host-tensor.ts';
import { enough, type Running } from '../contestant.ts';
import { forward, type Parameters } from './nets.ts';
import { get, openJax, put, send } from './session.ts';

// A type, not an interface: the library's trees need its fields.
type State = { parameters: Parameters; mean: Parameters; square: Parameters; step: np.Array };

const mapOf = (parameters: Parameters, make: (name: string) => np.Array): Parameters => Object.fromEntries(Object.keys(parameters).map((name) => [name, make(name)]));

/** Gradients and Adam, over the parameters as a tree. */
function stepOf(work: TrainingCase): (state: State, x: np.Array, oneHot: np.Array) => [State, np.Array] {
  const { beta1, beta2, eps } = ADAM;
  const loss = (parameters: Parameters, x: np.Array, oneHot: np.Array): np.Array =>
    nn.logSoftmax(forward(work.net, parameters, x), -1).mul(oneHot).sum(-1).mean().neg();
  const differentiate = valueAndGrad(loss);
  return ({ parameters, mean, square, step }, x, oneHot) => {
    const [value, gradients] = differentiate(tree.ref(parameters), x, oneHot);
    const next = step.add(1);
    // 1 − β^t
    const correction = (beta: number): np.Array => np.exp(next.ref.mul(Math.log(beta))).neg().add(1);
    const [first, second] = [correction(beta1), correction(beta2)];
    const means = mapOf(parameters, (name) => mean[name].mul(beta1).add(gradients[name].ref.mul(1 - beta1)));
    const squares = mapOf(parameters, (name) => square[name].mul(beta2).add(np.square(gradients[name]).mul(1 - beta2)));
    const updated = mapOf(parameters, (name) => parameters[name].sub(
      means[name].ref.div(first.ref).mul(work.learningRate).div(np.sqrt(squares[name].ref.div(second.ref)).add(eps)),
    ));
    first.dispose();
    second.dispose();
    return [{ parameters: updated, mean: means, square: squares, step: next }, value];
  };
}

/** Class indices as rows of zeros with a one: the library has no loss for indices. */
function oneHotOf(indices: Uint32Array, classes: number): Float32Array {
  const rows = new Float32Array(indices.length * classes);
  indices.forEach((index, row) => { rows[row * classes + index] = 1; });
  return rows;
}

/** The batches on the GPU, one after the other. */
function batchesOf({ batch, batches, inputShape, targetShape, classes, data }: TrainingCase): { x: np.Array; oneHot: np.Array }[] {
  const { inputs, targets } = data();
  const rows = oneHotOf(targets, classes);
  const [shape, targetRows] = [[batch, ...inputShape], [batch, ...targetShape, classes]];
  const part = <A extends Float32Array | Uint32Array>(from: A, of: readonly number[], index: number): A => from.slice(index * sizeOf(of), (index + 1) * sizeOf(of)) as A;
  return Array.from({ length: batches }, (_, index) => ({
    x: inputs instanceof Uint32Array
      ? np.array(Int32Array.from(part(inputs, shape, index)), { shape, dtype: np.int32 }) : put({ shape, data: part(inputs, shape, index) }),
    oneHot: put({ shape: targetRows, data: part(rows, targetRows, index) }),
  }));
}

export async function train(work: TrainingCase, jitted: boolean): Promise<Running> {
  const device = await openJax();
  const start = work.parameters();
  const zeros = (): Parameters => Object.fromEntries(Object.entries(start).map(([name, { shape }]) => [name, np.zeros([...shape])]));
  let state: State = { parameters: Object.fromEntries(Object.entries(start).map(([name, tensor]) => [name, put(tensor)])), mean: zeros(), square: zeros(), step: np.array(0, { dtype: np.float32 }) };
  const data = batchesOf(work);
  const compute = jitted ? jit(stepOf(work)) : stepOf(work);
  let count = 0;
  const step = (): np.Array => {
    const { x, oneHot } = data[count % data.length];
    count++;
    const [next, loss] = compute(state, x.ref, oneHot.ref);
    state = next;
    return loss;
  };
  return {
    device, mode: jitted ? 'gradients and Adam under one jit' : 'without jit', granularity: 1,
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const loss = step();
        send(loss);
        loss.dispose();
        // Without jit every result waits for launches of its own.
        if (!jitted) for (const leaf of tree.leaves(state) as np.Array[]) send(leaf);
      }
    },
    flush: () => undefined,
    prove: async () => {
      const losses: number[] = [];
      let first: Record<string, HostTensor> | undefined;
      const since = performance.now();
      while (!enough(losses.length, work.batches, since)) {
        const loss = step();
        losses.push((await get(loss))[0]);
        loss.dispose();
        if (first) continue;
        first = {};
        for (const [name, { shape }] of Object.entries(start)) first[name] = { shape, data: await get(state.parameters[name]) };
      }
      return { kind: 'training', losses, parameters: first! };
    },
  };
}
