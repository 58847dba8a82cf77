import { cleanSection } from './clean-section.ts';
import { hangSection } from './hang-section.ts';
import { netSection } from './net-section.ts';
import { opSection } from './op-section.ts';
import type { Section } from './section.ts';
import { stepSection } from './step-section.ts';

/** Everything that `npm run mutate` runs, in its order. */
export const sections: readonly Section[] = [opSection, stepSection, netSection, cleanSection, hangSection];
