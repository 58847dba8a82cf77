import { concludeSteps, measureSteps, prepareSteps } from './check-snapshot.ts';
import type { Check, Progress } from './check-snapshot.ts';
import { workOfPlan } from './coverage.ts';
import { packError } from './messages.ts';
import type { Answer, Request } from './messages.ts';
import { join } from './witnesses.ts';
import type { Measured } from './witnesses.ts';

// The module of a dedicated worker: it takes part in one check. Whoever started it ends it.
let check: Check | undefined;
/** What was measured, by piece: one that arrives twice is still one. */
const parts = new Map<number, readonly Measured[]>();
let pieces = 0;

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  try {
    handle(data);
  } catch (error) {
    answer({ kind: 'error', error: packError(error) });
  }
});

function handle(request: Request): void {
  if (request.kind === 'prepare') {
    const { snapshot, builtins, coverage } = request;
    check = run(prepareSteps(snapshot, { builtins, coverage }));
    answer({ kind: 'prepared', work: workOfPlan(check.bench.plans) });
    return;
  }
  if (!check) throw new Error('checkGradients: the worker was asked to go on with a check that it has not prepared');
  if (request.kind === 'measure') {
    const { index, of } = request;
    const measured = run(measureSteps(check, index, of));
    if (index > 0) {
      answer({ kind: 'measured', measured });
      return;
    }
    pieces = of;
    parts.set(index, measured);
  } else {
    parts.set(request.index, request.measured);
  }
  const inOrder = Array.from({ length: pieces }, (_, index) => parts.get(index) ?? []);
  if (pieces > 0 && parts.size === pieces) answer({ kind: 'report', data: { ...run(concludeSteps(check, join(inOrder))) } });
}

/** Runs to the end and tells the progress. */
function run<T>(steps: Generator<Progress, T>): T {
  let step = steps.next();
  for (; !step.done; step = steps.next()) answer({ kind: 'progress', progress: step.value });
  return step.value;
}

function answer(message: Answer): void {
  postMessage(message);
}
