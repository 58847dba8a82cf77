// A small net learns a sine wave from noisy points.
import { adam, compile, linear, mse, schedules, sequential, sineRegression, tanh } from 'chainrule';
import { checkGradients } from 'chainrule/gradcheck';
import type { Example } from './kit.ts';

const noise = 0.1;

export const example: Example = {
  title: 'A sine wave from noisy points',
  goal: 'On new points the error is that of the noise: a mean square below 1.1 · 0.1², and below 0.001 against the wave itself',
  async run({ device, reduced, log }) {
    const epochs = reduced ? 100 : 400;
    const train = sineRegression({ points: 500, noise, seed: 1 });
    const model = sequential(linear(1, 32), tanh(), linear(32, 32), tanh(), linear(32, 1));
    await using trainer = await compile(model, {
      device, loss: mse(), optimizer: adam({ lr: 0.01 }), schedule: schedules.perEpoch(schedules.cosine({ totalSteps: epochs })), batchSize: 50, seed: 1,
    });
    await trainer.fit(train, { epochs, onEpoch: ({ epoch, loss }) => { if (epoch % 50 === 0) log(`epoch ${epoch}: loss ${loss.toFixed(4)}`); } });

    // Points that training never saw, with the same noise and without any.
    const noisy = await trainer.evaluate(sineRegression({ points: 2000, noise, seed: 2 }));
    const exact = await trainer.evaluate(sineRegression({ points: 2000, noise: 0, seed: 3 }));
    const report = await checkGradients(trainer);
    return {
      passed: noisy.loss < 1.1 * noise ** 2 && exact.loss < 0.001,
      summary: `mean square error ${noisy.loss.toFixed(5)} on noisy points, ${exact.loss.toFixed(5)} on exact ones`,
      steps: trainer.stepCount, report,
    };
  },
};
