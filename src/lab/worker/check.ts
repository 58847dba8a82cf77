import type { Snapshot } from 'chainrule';
import type { Event } from '../protocol.ts';

/** A check under way, or done. */
export interface BackgroundCheck {
  /** The step whose weights it judges. */
  readonly step: number;
  /** Nothing more is posted about it. */
  cancel(): void;
}

interface Origin {
  readonly step: number;
  readonly examples: number;
  post(event: Event): void;
}

/** Milliseconds between two words on the progress. */
const progressEvery = 100;

/**
 * Checks a snapshot against the float64 reference. That runs in a worker of its own, so training goes on meanwhile. The
 * checker is loaded with the first check: a page that only trains does without.
 */
export function checkInBackground(snapshot: Snapshot, { step, examples, post }: Origin): BackgroundCheck {
  const controller = new AbortController();
  const { signal } = controller;
  const say = (event: Event): void => {
    if (!signal.aborted) post(event);
  };
  const run = async (): Promise<void> => {
    const { checkGradients } = await import('chainrule/gradcheck');
    let said = 0;
    const report = await checkGradients({ snapshot: async () => snapshot }, {
      signal,
      onProgress: (progress) => {
        if (performance.now() - said < progressEvery) return;
        said = performance.now();
        say({ type: 'check-progress', ...progress });
      },
    });
    say({ type: 'report', step, examples, report: { ...report } });
  };
  const total = Object.values(snapshot.gradients).reduce((sum, { length }) => sum + length, 0);
  say({ type: 'check-progress', checked: 0, total, tensor: '' });
  run().catch((error: unknown) => say({ type: 'check-failed', message: error instanceof Error ? error.message : String(error) }));
  return { step, cancel: () => controller.abort() };
}
