import { dependents, keyOf } from './dependence.ts';
import type { Case, Finding } from './explain-case.ts';
import { isRightLocally } from './local.ts';
import type { LaunchReport } from './report-data.ts';
import { isWrong } from './verdict.ts';

/** What is wrong later is what correct code makes of the wrong numbers: only this tensor's own launch is at fault. */
export function upstreamOnly(one: Case, launches: readonly LaunchReport[]): Finding[] {
  const { snapshot, meaning } = one;
  const spoilt = dependents(snapshot.graph, meaning);
  const later = launches.flatMap(({ outputs }) => outputs).filter((output) => isWrong(output) && spoilt.has(keyOf(output.meaning)) && keyOf(output.meaning) !== keyOf(meaning));
  if (later.length === 0 || !later.every((output) => isRightLocally(one, output.meaning, spoilt) === true)) return [];
  return [{ symptom: 'upstream-only', text: `what is wrong after it is right about the numbers that it got: ${later.map(({ name }) => name).join(', ')}` }];
}
