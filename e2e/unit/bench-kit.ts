// A result of the benchmark, for tests of what is made of it.
import type { BenchResult, CaseResult, ContestantResult } from '../../src/cli/bench-result.mjs';

export function contestant(peer: string, ms: number | null, more: Partial<ContestantResult> = {}): ContestantResult {
  return {
    peer, mode: `how ${peer} runs`, ms: ms === null ? null : { min: ms, median: ms * 1.1, rounds: 5 }, times: 8, setupMs: 100, gflops: null, gbps: null, fraction: null,
    counts: { dispatches: 10, submits: 1, bindGroups: 0, buffers: 0, pipelines: 0, bytes: 0, readbacks: 1, uploads: 1 }, peakBytes: 2 ** 20, losses: null, problem: null, notPossible: null, ...more,
  };
}

export const oneCase = (name: string, contestants: ContestantResult[], kind = 'training'): CaseResult => ({ name, kind, flops: 2e9, bytes: null, contestants });

export function resultOf(cases: CaseResult[], more: Partial<BenchResult> = {}): BenchResult {
  return {
    schema: 'chainrule/bench/1', passed: true, problems: [], complete: true, where: 'chrome', date: '2030-01-02', seconds: 600, runtime: 'chromium 200', flags: ['--a'],
    adapter: { name: 'SwiftShader (google, software)', vendor: 'google', architecture: 'swiftshader', device: '', description: '', class: 'cpu' },
    versions: { chainrule: '0.1.0', '@jax-js/jax': '1.2.3' }, ceilings: { gflops: 10, gbps: 5, multiplyAdd: '8 chains', copy: '4 vec4' },
    cases, startup: [], sizes: [], sweeps: [], robustness: [], requirements: [], ...more,
  };
}
