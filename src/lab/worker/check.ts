import type { Device, Snapshot } from 'chainrule';
import type { Report } from 'chainrule/gradcheck';
import type { Bug, Event } from '../protocol.ts';

/** A check under way, or done. */
export interface BackgroundCheck {
  /** The step whose weights it judges. */
  readonly step: number;
  /** Nothing more is posted about it. */
  cancel(): void;
}

interface Origin {
  /** Where the snapshot was taken: its arithmetic is measured once. */
  readonly device: Device;
  readonly step: number;
  readonly examples: number;
  /** The bug in the kernels that the snapshot comes from. */
  readonly planted: Bug | undefined;
  post(event: Event): void;
}

/** Milliseconds between two words on the progress. */
const progressEvery = 100;

/**
 * Checks a snapshot against the float64 reference. That runs in a worker of its own, so training goes on meanwhile. The
 * checker is loaded with the first check: a page that only trains does without.
 */
export function checkInBackground(snapshot: Snapshot, { device, step, examples, planted, post }: Origin): BackgroundCheck {
  const controller = new AbortController();
  const { signal } = controller;
  const say = (event: Event): void => {
    if (!signal.aborted) post(event);
  };
  const tell = (report: Report): void => {
    const note = planted ? [`> A bug was planted in these kernels on purpose: ${planted.name} (${planted.kernels.join(', ')}).`, ''] : [];
    say({
      type: 'report', step, examples, report: { ...report }, ...(planted ? { planted } : {}),
      markdown: [...note, report.toMarkdown()].join('\n'),
      json: JSON.stringify({ ...report.toJSON(), step, examples, ...(planted ? { planted } : {}) }, null, 2),
    });
  };
  const run = async (): Promise<void> => {
    const { checkGradients, investigate } = await import('chainrule/gradcheck');
    let last = 0;
    const report = await checkGradients({ snapshot: async () => snapshot, device }, {
      signal,
      onProgress: (progress) => {
        // Without a total there is nothing to show a part of.
        if (progress.total === 0 || performance.now() - last < progressEvery) return;
        last = performance.now();
        say({ type: 'check-progress', ...progress });
      },
    });
    tell(report);
    // The smallest problem that fails likewise: the reader has the verdict already. It keeps this thread busy for seconds, which
    // only a real failure is worth.
    if (planted || signal.aborted) return;
    const known = await investigate(device, report).catch(() => report);
    if (known.investigation) tell(known);
  };
  const total = Object.values(snapshot.gradients).reduce((sum, { length }) => sum + length, 0);
  say({ type: 'check-progress', checked: 0, total, tensor: '' });
  run().catch((error: unknown) => say({ type: 'check-failed', message: error instanceof Error ? error.message : String(error) }));
  return { step, cancel: () => controller.abort() };
}
