// The page's end of the self-test: its state, and its worker.
import { batch, signal } from '@preact/signals';
import type { AdapterFacts } from 'chainrule';
import type { SelfTestData, SelfTestOp } from 'chainrule/gradcheck';
import { hold } from './client.ts';
import type { Trouble } from './protocol.ts';
import type { SelfTestEvent, SelfTestRequest } from './self-test-protocol.ts';

export type SelfTestState =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly all: boolean; readonly done: number; readonly total: number; readonly op: string }
  | { readonly kind: 'done'; readonly test: SelfTestData; readonly markdown: string; readonly json: string }
  | { readonly kind: 'cancelled'; readonly done: number; readonly total: number }
  | { readonly kind: 'failed'; readonly trouble: Trouble | { readonly code: 'worker'; readonly message: string } };

export const selfTestState = signal<SelfTestState>({ kind: 'none' });
/** The ops that are done, in their order: they stay when the test is cancelled. */
export const testedOps = signal<readonly SelfTestOp[]>([]);
/** The adapter that the self-test got. */
export const testedAdapter = signal<AdapterFacts | undefined>(undefined);

let worker: Worker | undefined;

/** Runs it anew. The training's steps wait meanwhile: the test is quick on a GPU of its own, and nothing of the training is lost. */
export function startSelfTest(all: boolean): void {
  end();
  batch(() => {
    selfTestState.value = { kind: 'running', all, done: 0, total: 0, op: '' };
    testedOps.value = [];
  });
  hold(true);
  const own = new Worker(new URL('./worker/self-test.ts', import.meta.url), { type: 'module', name: 'self-test' });
  worker = own;
  own.addEventListener('message', ({ data }: MessageEvent<SelfTestEvent>) => {
    if (worker === own) batch(() => receive(data, all));
  });
  own.addEventListener('error', (event) => {
    if (worker !== own) return;
    end();
    selfTestState.value = { kind: 'failed', trouble: { code: 'worker', message: event.message ?? '' } };
  });
  const request: SelfTestRequest = { all };
  own.postMessage(request);
}

/** Ends a test under way; what it has found stays. */
export function cancelSelfTest(): void {
  const now = selfTestState.value;
  if (now.kind !== 'running') return;
  end();
  selfTestState.value = { kind: 'cancelled', done: now.done, total: now.total };
}

function end(): void {
  if (!worker) return;
  worker.terminate();
  worker = undefined;
  hold(false);
}

function receive(event: SelfTestEvent, all: boolean): void {
  switch (event.type) {
    case 'adapter':
      testedAdapter.value = event.facts;
      return;
    case 'progress':
      selfTestState.value = { kind: 'running', all, done: event.done, total: event.total, op: event.op };
      if (event.result) testedOps.value = [...testedOps.value, event.result];
      return;
    case 'result':
      end();
      testedOps.value = event.test.ops;
      selfTestState.value = { kind: 'done', test: event.test, markdown: event.markdown, json: event.json };
      return;
    case 'trouble':
      end();
      selfTestState.value = { kind: 'failed', trouble: event.trouble };
  }
}
