/** Functions on tensors, for forward functions and objectives: `functional.relu(x)`. */
export * from '../functional.ts';
export * from './elementwise.ts';
export * from './losses.ts';
export * from './indexing.ts';
export * from './normalization.ts';
export * from './attention.ts';
export * from './linear-algebra.ts';
export * from './reductions.ts';
export * from './shape.ts';
export * from './convolution.ts';
