import type { Bug } from '../protocol.ts';
import type { Alter, Launches } from './run.ts';

/** A bug with the change that plants it. */
export interface PlantableBug {
  readonly bug: Bug;
  readonly alter: Alter;
}

/** The bugs that the proof records know of these kernels. They are loaded with the first question: a page that only trains does without. */
export async function bugsOf(launches: Launches): Promise<PlantableBug[]> {
  const { plantable, plantText } = await import('chainrule/gradcheck');
  return plantable(launches).map(({ id, mutant, kernels, launches: places }) => ({
    bug: {
      id, name: mutant.name, kernels, launches: [...new Set(places.map((place) => launches[place]!.label))],
      find: mutant.find, replace: mutant.replace, symptoms: mutant.symptoms,
    },
    alter: plantText(mutant),
  }));
}
