// A generative adversarial net (Goodfellow et al. 2014): one net invents points, the other tells them from real ones.
import { adam, bceWithLogits, compile, concat, leakyRelu, linear, module, narrow, RandomStream, relu, sequential } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import type { Example } from './kit.ts';
const [clouds, spread, rows] = [8, 0.1, 128];
const centres = Array.from({ length: clouds }, (_, i) => [Math.cos(2 * Math.PI * i / clouds), Math.sin(2 * Math.PI * i / clouds)]);

/** How far points lie from the nearest centre on average, and how many clouds have at least a third of their share of them. */
function judge(points: Float32Array): { distance: number; covered: number } {
  const counts = centres.map(() => 0);
  const distances = Array.from({ length: points.length / 2 }, (_, i) => {
    const away = centres.map(([x, y]) => Math.hypot(points[2 * i] - x, points[2 * i + 1] - y));
    counts[away.indexOf(Math.min(...away))] += 1;
    return Math.min(...away);
  });
  const distance = distances.reduce((sum, one) => sum + one / distances.length, 0);
  return { distance, covered: counts.filter((count) => count >= distances.length / clouds / 3).length };
}

const netsOf = (units: number) => ({
  generator: sequential(linear(2, units), relu(), linear(units, units), relu(), linear(units, 2)),
  critic: sequential(linear(2, units), leakyRelu({ negativeSlope: 0.2 }), linear(units, units), leakyRelu({ negativeSlope: 0.2 }), linear(units, 1)),
});
export const example: Example = {
  title: 'A GAN that invents points of eight clouds on a ring',
  goal: 'All 8 clouds get at least a third of their share, and points are 0.2 from a centre on average at most, real ones 0.125 (reduced, half as wide: 0.5)',
  async run({ device, reduced, log }) {
    const random = new RandomStream(1);
    const nets = () => netsOf(reduced ? 32 : 64);
    const normals = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());
    const options = { device, loss: bceWithLogits(), optimizer: adam({ lr: reduced ? 2e-3 : 1e-3, beta1: 0.5 }), batchSize: rows };
    // The critic sees a real point and one invented from noise side by side, and shall answer 1 and 0: the generator stands still.
    const judging = module(nets(), ({ generator, critic }, x) => concat([critic(narrow(x, 1, 0, 2)), critic(generator(narrow(x, 1, 2, 2)))], 1), { inputShape: [4] });
    await using critics = await compile(judging, { ...options, frozen: ['generator'], seed: 1 });
    // The generator shall make it answer 1: now the critic stands still.
    const inventing = module(nets(), ({ generator, critic }, x) => critic(generator(x)), { inputShape: [2] });
    await using generators = await compile(inventing, { ...options, frozen: ['critic'], seed: 2 });
    const pairs = (count: number) => ({
      inputs: Float32Array.from(Array.from({ length: count }, () => [...centres[random.integer(clouds)].map((x) => x + random.normal(0, spread)), ...normals(2)]).flat()),
      targets: Float32Array.from({ length: 2 * count }, (_, i) => 1 - i % 2),
    });
    const inventions = (count: number) => ({ inputs: normals(2 * count), targets: new Float32Array(count).fill(1) });
    for (let step = 1; step <= (reduced ? 300 : 4000); step++) {
      await critics.copyFrom(generators, { generator: 'generator' });
      const { loss } = await critics.step(pairs(rows));
      await generators.copyFrom(critics, { critic: 'critic' });
      await generators.step(inventions(rows));
      if (step % 200 === 0) log(`step ${step}: the critic's loss ${(await loss).toFixed(3)} (0.693 where it only guesses)`);
    }
    await using maker = await compile(module({ generator: nets().generator }, ({ generator }, x) => generator(x)), { ...options, inputShape: [2] });
    await maker.copyFrom(generators, { generator: 'generator' });
    const { distance, covered } = judge(await maker.predict(normals(4000)));
    const reports = [await checkGradients(generators, { batch: inventions(16) }), await checkGradients(critics, { batch: pairs(16) })];
    return {
      passed: reports[1].passed && (reduced ? distance < 0.5 : covered === clouds && distance < 0.2),
      summary: `${covered} of ${clouds} clouds, ${distance.toFixed(3)} from the nearest centre on average; the critic: ${reports[1].proven} of ${reports[1].total} proven`,
      steps: generators.stepCount + critics.stepCount, report: reports[0],
    };
  },
};
