// What a program loads that trains an MLP and a CNN. The library has no optimisers in this package: plain gradient descent is the least.
import { defaultDevice, init, jit, lax, nn, numpy as np, random, tree, valueAndGrad } from '@jax-js/jax';

type Parameters = { w: np.Array[]; b: np.Array[] };

const mlp = ({ w, b }: Parameters, x: np.Array): np.Array => np.dot(nn.relu(np.dot(x, w[0]).add(b[0])), w[1]).add(b[1]);

function cnn({ w, b }: Parameters, x: np.Array): np.Array {
  const maps = nn.relu(lax.conv(x.reshape([-1, 1, 28, 28]), w[0], [1, 1], 'VALID').add(b[0]));
  const pooled = maps.reshape([-1, 6, 12, 2, 12, 2]).max([3, 5]);
  return np.dot(pooled.reshape([-1, 864]), w[1]).add(b[1]);
}

export async function train(inputs: Float32Array<ArrayBuffer>, targets: Int32Array<ArrayBuffer>): Promise<void> {
  await init('webgpu');
  defaultDevice('webgpu');
  const draw = (...shapes: number[][]): np.Array[] => shapes.map((shape, i) => random.uniform(random.key(i), shape).sub(0.5));
  for (const [net, start] of [
    [mlp, { w: draw([784, 128], [128, 10]), b: draw([128], [10]) }], [cnn, { w: draw([6, 1, 5, 5], [864, 10]), b: draw([6, 1, 1], [10]) }],
  ] as const) {
    const loss = (parameters: Parameters, x: np.Array, y: np.Array): np.Array => nn.logSoftmax(net(parameters, x), -1).mul(y).sum(-1).mean().neg();
    const step = jit((parameters: Parameters, x: np.Array, y: np.Array): [Parameters, np.Array] => {
      const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), x, y);
      return [tree.map((weight: np.Array, gradient: np.Array) => weight.sub(gradient.mul(0.1)), parameters, gradients) as Parameters, value];
    });
    let parameters: Parameters = start;
    for (let row = 0; row + 64 <= targets.length; row += 64) {
      const x = np.array(inputs.slice(row * 784, (row + 64) * 784), { shape: [64, 784] });
      const [next, value] = step(parameters, x, nn.oneHot(np.array(targets.slice(row, row + 64)), 10));
      parameters = next;
      await value.data();
    }
  }
}
