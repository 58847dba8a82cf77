import type { LaunchRecord } from './graph.ts';

/** The forward values that launches wrote, by tensor id. */
export function forwardValues(launches: readonly LaunchRecord[]): Record<number, Float32Array> {
  const values: Record<number, Float32Array> = {};
  for (const { outputs } of launches) {
    for (const { meaning, data } of outputs) if (meaning?.kind === 'value') values[meaning.tensor] = data;
  }
  return values;
}
