import { checkSnapshot } from './check-snapshot.ts';
import { packError } from './messages.ts';
import type { Answer, Request } from './messages.ts';

// The module of a dedicated worker: one request, its progress, one report. Whoever started it ends it.
addEventListener('message', ({ data }: MessageEvent<Request>) => {
  try {
    const report = checkSnapshot(data.snapshot, {
      builtins: data.builtins,
      onProgress: (progress) => answer({ kind: 'progress', progress }),
    });
    answer({ kind: 'report', data: { ...report } });
  } catch (error) {
    answer({ kind: 'error', error: packError(error) });
  }
});

function answer(message: Answer): void {
  postMessage(message);
}
