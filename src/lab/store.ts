import { batch, computed, signal } from '@preact/signals';
import type { AdapterFacts } from 'chainrule';
import { firstConfig, type Config } from './config.ts';
import { LossHistory } from './history.ts';
import { TELEMETRY, type Bug, type CheckedStep, type Event, type RunFacts, type RunState, type Trouble } from './protocol.ts';

/** What the page shows. Only `receive` changes it; panels read it. */
export const status = signal<'loading' | RunState | 'error'>('loading');
export const adapter = signal<AdapterFacts | undefined>(undefined);
export const compiling = signal<{ readonly done: number; readonly total: number } | undefined>(undefined);
export const run = signal<RunFacts | undefined>(undefined);
/** The settings in the form: those that were asked for until the worker answers with those that hold. */
export const config = signal<Config>(firstConfig);
export const step = signal(0);
export const until = signal(0);
export const rate = signal<number | undefined>(undefined);
export const batchFigures = signal<{ readonly step: number; readonly loss: number; readonly accuracy: number } | undefined>(undefined);
export const testFigures = signal<{ readonly loss: number; readonly accuracy: number | undefined } | undefined>(undefined);
export const picture = signal<{ readonly step: number; readonly grid: number; readonly values: Float32Array } | undefined>(undefined);
export const weights = signal<{ readonly step: number; readonly hash: string; readonly tainted: boolean } | undefined>(undefined);
export const mnistLoaded = signal(false);

export type Verdict =
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'checking'; readonly checked: number; readonly total: number }
  | { readonly kind: 'report' } & CheckedStep
  | { readonly kind: 'failed'; readonly message: string };
export const verdict = signal<Verdict>({ kind: 'unchecked' });
/** The last report: it stays readable while a newer check runs. */
export const report = signal<Extract<Verdict, { kind: 'report' }> | undefined>(undefined);

/** The bugs that fit the present net; undefined until the worker has said. */
export const bugs = signal<readonly Bug[] | undefined>(undefined);
/** The bug in the kernels that train, and the step at which it came in. */
export const planted = signal<{ readonly bug: Bug; readonly step: number } | undefined>(undefined);
/** Whether the steps wait for a self-test. */
export const held = signal(false);

export type Notice = { readonly kind: 'trouble'; readonly trouble: Trouble } | { readonly kind: 'worker'; readonly message: string }
  | { readonly kind: 'device-lost'; readonly reason: string; readonly resumedAt: number }
  | { readonly kind: 'bug-lost'; readonly name: string };
export const notice = signal<Notice | undefined>(undefined);

/** The losses themselves are no signal: they grow by thousands, and only the chart reads them. */
export const losses = new LossHistory();
/** Counts changes of `losses`. */
export const lossVersion = signal(0);

export const canTrain = computed(() => run.value !== undefined && status.value !== 'diverged' && status.value !== 'error');

/** Times of the last two seconds, for the rate. */
let marks: { readonly at: number; readonly step: number }[] = [];

export function receive(event: Event): void {
  batch(() => apply(event));
}

function apply(event: Event): void {
  switch (event.type) {
    case 'adapter':
      adapter.value = event.facts;
      return;
    case 'compiling':
      compiling.value = event.done < event.total ? event : undefined;
      return;
    case 'run':
      return begin(event.facts);
    case 'config':
      config.value = { ...event.config };
      return;
    case 'state':
      status.value = event.state;
      step.value = event.step;
      until.value = event.until;
      if (event.state === 'training') weights.value = undefined;
      marks = [];
      rate.value = undefined;
      return;
    case 'telemetry':
      return append(event.rows);
    case 'picture':
      picture.value = event;
      return;
    case 'evaluation':
      testFigures.value = event;
      return;
    case 'weights':
      weights.value = event;
      return;
    case 'check-progress':
      verdict.value = { kind: 'checking', checked: event.checked, total: event.total };
      return;
    case 'report':
      verdict.value = report.value = { ...event, kind: 'report' };
      return;
    case 'check-failed':
      verdict.value = { kind: 'failed', message: event.message };
      return;
    case 'bugs':
      bugs.value = event.bugs;
      return;
    case 'planted':
      if (event.lost && planted.value) notice.value = { kind: 'bug-lost', name: planted.value.bug.name };
      planted.value = event.bug ? { bug: event.bug, step: event.step } : undefined;
      // Other kernels, so other steps and another proof.
      if (notice.value?.kind === 'trouble' && notice.value.trouble.effect === 'stopped') notice.value = undefined;
      verdict.value = { kind: 'unchecked' };
      report.value = undefined;
      if (event.step < step.value) losses.cut(event.step);
      lossVersion.value += 1;
      return;
    case 'device-lost':
      losses.cut(event.resumedAt);
      lossVersion.value += 1;
      notice.value = { kind: 'device-lost', reason: event.reason, resumedAt: event.resumedAt };
      return;
    case 'trouble':
      notice.value = { kind: 'trouble', trouble: event.trouble };
      if (event.trouble.effect === 'fatal') status.value = 'error';
  }
}

function begin(facts: RunFacts): void {
  run.value = facts;
  bugs.value = undefined;
  config.value = facts.config;
  mnistLoaded.value ||= facts.config.data === 'mnist';
  losses.clear();
  lossVersion.value += 1;
  compiling.value = batchFigures.value = testFigures.value = picture.value = weights.value = report.value = notice.value = undefined;
  verdict.value = { kind: 'unchecked' };
}

function append(rows: Float32Array): void {
  for (let at = 0; at < rows.length; at += TELEMETRY) losses.add(rows[at], rows[at + 1]);
  const last = rows.subarray(rows.length - TELEMETRY);
  step.value = last[0];
  batchFigures.value = { step: last[0], loss: last[1], accuracy: last[2] };
  lossVersion.value += 1;
  const now = performance.now();
  marks.push({ at: now, step: last[0] });
  marks = marks.filter(({ at }) => now - at < 2000);
  const [first] = marks;
  if (now - first.at > 400) rate.value = ((last[0] - first.step) * 1000) / (now - first.at);
}
