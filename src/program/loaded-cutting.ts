import type { CuttingPass } from './cutting.ts';

/** What cuts requests whose tensors are larger than a binding: `pass` is there once a program has needed it. */
export const loadedCutting: { pass?: CuttingPass } = {};
