/** Functions on tensors, for forward functions and objectives: `functional.relu(x)`. */
export * from '../functional.ts';
