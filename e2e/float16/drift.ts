import { checkGradients, gradientDrift } from '../../src/gradcheck.ts';
import { compile, linear, mse, recompute, relu, sequential, sgd, tanh } from '../../src/index.ts';
import type { Device, LossScaleOptions, Trainer } from '../../src/index.ts';
import { testNets, type TestNet } from '../nets.ts';
import { hold, type Case } from './case.ts';

async function compiled(device: Device, { model, loss }: TestNet, settings: { precision: 'float32' | 'mixed'; fusion?: boolean; lossScale?: LossScaleOptions; alter?: Parameters<typeof compile>[1]['alter'] }): Promise<Trainer> {
  return compile(model(), { device, loss: loss(), optimizer: sgd({ lr: 0.1 }), batchSize: 9, seed: 5, ...settings });
}

const driftOfNets: Case = {
  name: 'drift: every net of the fusion tests is within the limit, fused and unfused',
  async run(device) {
    const told: string[] = [];
    let worst = 0;
    // Recomputed blocks round what they make again.
    const recomputed: TestNet = { model: () => sequential(recompute(sequential(linear(7, 12), tanh(), linear(12, 9), relu())), recompute(sequential(linear(9, 8), relu())), linear(8, 5)), loss: mse, fused: 0, unfused: 0 };
    for (const [name, net] of Object.entries({ ...testNets, recomputed })) {
      for (const fusion of [true, false]) {
        const trainer = await compiled(device, net, { precision: 'mixed', fusion });
        const report = await gradientDrift(trainer);
        hold(report.passed, `${name}\n${report}`);
        hold(report.all.relative > 1e-6, `${name}: nothing was rounded\n${report}`);
        worst = Math.max(worst, ...report.tensors.map(({ relative }) => relative));
        if (fusion) told.push(`${name} ${report.all.relative.toExponential(1)}/${report.all.expected.toExponential(1)}`);
        await trainer.destroy();
      }
    }
    return `worst parameter ${worst.toExponential(2)}; drift/expected: ${told.join(', ')}`;
  },
};

const driftFails: Case = {
  name: 'drift: a wrong gradient and a loss that is not scaled are beyond the limit, float32 is far below it',
  async run(device) {
    const net = testNets.classes!;
    const wrong = await compiled(device, net, {
      precision: 'mixed', alter: (plan) => ({ ...plan, launches: plan.launches.map((launch) => ({ ...launch, kernel: { ...launch.kernel, code: launch.section === 'backward' ? launch.kernel.code.replace('sum0 += a0.x * b0;', 'sum0 += 1.1 * a0.x * b0;') : launch.kernel.code } })) }),
    });
    const bad = await gradientDrift(wrong);
    hold(!bad.passed, `a planted factor of 1.1 in one product of four passed\n${bad}`);
    const unscaled = await compiled(device, net, { precision: 'mixed', lossScale: { initial: 2 ** -20 } });
    const vanished = await gradientDrift(unscaled);
    hold(!vanished.passed, `gradients as small as f16's smallest numbers passed\n${vanished}`);
    const full = await compiled(device, net, { precision: 'float32' });
    const exact = await gradientDrift(full);
    hold(exact.passed && exact.all.relative < 1e-5, String(exact));
    const refused = await checkGradients(unscaled, { worker: false }).then(() => 'none', (error: Error) => error.message);
    hold(refused.includes('gradientDrift'), `checkGradients took mixed precision: ${refused}`);
    for (const trainer of [wrong, unscaled, full]) await trainer.destroy();
    return `planted ${bad.all.relative.toExponential(2)}, unscaled ${vanished.all.relative.toExponential(2)}, float32 ${exact.all.relative.toExponential(2)}`;
  },
};

export const driftCases: readonly Case[] = [driftOfNets, driftFails];
