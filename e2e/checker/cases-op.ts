// Every op on a few of its samples: right float32 code passes with a σ that fits its errors, and a wrong element is found.

import { checkOpWith } from '../../src/check/check-op.ts';
import type { OpRunner } from '../../src/check/check-op.ts';
import { proofs } from '../../src/proof/index.ts';
import type { Sample } from '../../src/proof/proof.ts';
import { float32Ops, setBuiltinNoise } from '../unit/float32-ops.ts';
import { simulatedRunner } from '../unit/simulated-gpu.ts';
import { expect, expectSame } from './expect.ts';
import type { Case } from './suite.ts';

const size = ({ inputs }: Sample): number => Object.values(inputs).reduce((sum, { data }) => sum + data.length, 0);

/** The smallest samples with enough elements to tell. */
const few = (samples: readonly Sample[], count: number): Sample[] =>
  [...samples].sort((a, b) => size(a) - size(b)).filter((sample) => size(sample) > 8).slice(0, count);

export const opCases: readonly Case[] = [
  ...Object.keys(float32Ops).map((op) => [op, proofs[op]] as const).map(([op, { samples, differentiable, conventions }]): Case => ({
    name: `${op}: right code passes, wrong code does not`,
    run: async () => {
      const chosen = few(samples, 2);
      setBuiltinNoise(1, 5);
      const right = await checkOpWith(simulatedRunner, op, { samples: chosen });
      expect(right.passed, 'right code to pass', right.samples.filter(({ passed }) => !passed).map(({ sample, cotangent, report }) => `${sample}, ${cotangent}: ${report}`).join() || JSON.stringify(right.conventions));
      expectSame([right.samples.length, right.conventions.length], [2 * chosen.length, conventions.length], 'samples and conventions');
      const found = right.samples.flatMap(({ report }) => [...report.tensors, ...report.values]).map(({ worstSigma }) => worstSigma);
      expect(Math.max(...found) < 3.2, 'errors below 3.2σ', Math.max(...found));
      for (const input of differentiable) {
        const wrong: OpRunner = async (...call) => {
          const snapshot = await simulatedRunner(...call);
          const gradient = snapshot.gradients[snapshot.graph.nodes[0].inputs[input]];
          if (gradient) gradient[gradient.length - 1] = gradient[gradient.length - 1] * 1.001 + 1e-5;
          return snapshot;
        };
        const report = await checkOpWith(wrong, op, { samples: chosen.slice(0, 1), cotangents: ['random'] });
        expectSame(report.passed, false, `passed with a wrong d${input}`);
      }
    },
  })),
  {
    name: 'no samples prove nothing',
    run: async () => {
      const report = await checkOpWith(simulatedRunner, 'tanh', { samples: [] });
      expectSame(report.passed, false, 'passed');
    },
  },
  {
    name: 'one wrong sample is enough',
    run: async () => {
      const samples = few(proofs.tanh.samples, 3);
      const wrong: OpRunner = async (op, options, inputs, cotangent) => {
        const snapshot = await simulatedRunner(op, options, inputs, cotangent);
        if (inputs.x === samples[1].inputs.x) Object.values(snapshot.gradients)[0].fill(1);
        return snapshot;
      };
      expectSame((await checkOpWith(wrong, 'tanh', { samples })).passed, false, 'passed');
    },
  },
  {
    name: 'a runner without gradients proves nothing',
    run: async () => {
      const blind: OpRunner = async (...call) => ({ ...(await simulatedRunner(...call)), gradients: {} });
      expectSame((await checkOpWith(blind, 'tanh', { samples: few(proofs.tanh.samples, 1) })).passed, false, 'passed');
    },
  },
  {
    name: 'a wrong output is found though the gradients are right',
    run: async () => {
      const wrong: OpRunner = async (...call) => {
        const snapshot = await simulatedRunner(...call);
        const [values] = Object.values(snapshot.computed);
        values[values.length - 1] += 1e-3;
        return snapshot;
      };
      expectSame((await checkOpWith(wrong, 'linear', { samples: few(proofs.linear.samples, 1) })).passed, false, 'passed');
    },
  },
  {
    name: "relu'(0) = 1 breaks the convention",
    run: async () => {
      const wrong: OpRunner = async (op, options, inputs, cotangent) => {
        const snapshot = await simulatedRunner(op, options, inputs, cotangent);
        const [id] = Object.keys(snapshot.gradients).map(Number);
        inputs.x.data.forEach((x, i) => { if (x === 0) snapshot.gradients[id][i] = cotangent[i]; });
        return snapshot;
      };
      expectSame((await checkOpWith(wrong, 'relu', { samples: few(proofs.relu.samples, 1) })).passed, false, 'passed');
    },
  },
];
