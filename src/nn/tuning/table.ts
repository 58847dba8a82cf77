// Written by npm run tune -- --write. Do not edit.

/** What was measured, where and when. */
export const MEASURED: readonly string[] = [];

/** Variants that beat the rules' choice, by adapter and by class of work (`sizeClass`). */
export const TABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {};
