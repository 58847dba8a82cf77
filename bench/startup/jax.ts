import { defaultDevice, init, jit, nn, numpy as np, random, tree, valueAndGrad } from '@jax-js/jax';
import { batch, classes, features, hidden, noise } from './program.ts';

type Parameters = Record<'w1' | 'b1' | 'w2' | 'b2', np.Array>;
type State = { parameters: Parameters; mean: Parameters; square: Parameters };

const logits = ({ w1, b1, w2, b2 }: Parameters, x: np.Array): np.Array => np.dot(nn.relu(np.dot(x, w1).add(b1)), w2).add(b2);

const loss = (parameters: Parameters, x: np.Array, oneHot: np.Array): np.Array => nn.logSoftmax(logits(parameters, x), -1).mul(oneHot).sum(-1).mean().neg();

/** Adam with its bias corrections of the first step. */
const step = ({ parameters, mean, square }: State, x: np.Array, oneHot: np.Array): [State, np.Array] => {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), x, oneHot);
  const over = (make: (name: keyof Parameters) => np.Array): Parameters => ({ w1: make('w1'), b1: make('b1'), w2: make('w2'), b2: make('b2') });
  const means = over((name) => mean[name].mul(0.9).add(gradients[name].ref.mul(0.1)));
  const squares = over((name) => square[name].mul(0.999).add(np.square(gradients[name]).mul(0.001)));
  const updated = over((name) => parameters[name].sub(means[name].ref.div(0.1).mul(1e-3).div(np.sqrt(squares[name].ref.div(0.001)).add(1e-8))));
  return [{ parameters: updated, mean: means, square: squares }, value];
};

/** From nothing to the loss of the first step, on the host. */
export async function firstStep(): Promise<number> {
  await init('webgpu');
  defaultDevice('webgpu');
  const zeros = (): Parameters => ({ w1: np.zeros([features, hidden]), b1: np.zeros([hidden]), w2: np.zeros([hidden, classes]), b2: np.zeros([classes]) });
  const [first, second] = random.split(random.key(1), 2);
  const parameters = { ...zeros(), w1: random.uniform(first, [features, hidden]).sub(0.5).mul(2 / Math.sqrt(features)), w2: random.uniform(second, [hidden, classes]).sub(0.5).mul(2 / Math.sqrt(hidden)) };
  const { inputs, labels } = noise();
  const oneHot = nn.oneHot(np.array(Int32Array.from(labels), { dtype: np.int32 }), classes);
  const [state, value] = jit(step)({ parameters, mean: zeros(), square: zeros() }, np.array(inputs, { shape: [batch, features] }), oneHot);
  const [result] = await value.data();
  // The step's end is that of its last launch, not that of the loss.
  await state.parameters.w1.blockUntilReady();
  return result;
}
