import { FORMULAS } from '../../shaders/formulas.wgsl.ts';
import { bringing } from '../../shaders/formula.ts';
import { map as mapKnown } from './map.ts';

/** `map` for those who write requests by hand: they may name every formula, whatever ops their page has. */
export const map: typeof mapKnown = (x, steps, out) => mapKnown(x, steps, bringing(FORMULAS, out));
