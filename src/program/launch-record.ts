import type { Snapshot } from './graph.ts';
import type { Launch, ProgramPlan } from './plan.ts';

/** What a snapshot tells of launches, so that a report can name the one that wrote a wrong gradient. */
export function recordLaunches(launches: readonly Launch[], gradients: ProgramPlan['gradients']): Snapshot['launches'] {
  return launches.map(({ label, kernel, tensors }) => {
    const written = new Set(kernel.bindings.flatMap(({ access }, index) => (access === 'write' || access === 'update' ? [tensors[index]!.id] : [])));
    const gradientsOf = [...gradients].filter(([, { id }]) => written.has(id)).map(([id]) => id);
    return { label, kernel: kernel.name, gradientsOf };
  });
}
