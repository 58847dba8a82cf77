/** The level below graphs: kernels as text, requests for them, and a way to run requests. For those who write kernels. */
export { arrayType, laneKernel, workgroupKernel, type Access, type Binding, type Declaration, type Kernel } from '../shaders/kernel.ts';
export { float, wgsl } from '../shaders/wgsl.ts';
export { FORMULAS, type Formula } from '../shaders/formulas.wgsl.ts';
export { map } from './ops/map-any.ts';
export type { MapStep } from './ops/map.ts';
export { multiply } from './ops/matmul.ts';
export { reduce } from './ops/reduce.ts';
export { defineOp, ops, variantNames } from './ops/index.ts';
export type { Application, Backward, BackwardApplication, Op, Part } from './ops/op.ts';
export { partOf } from './ops/parts.ts';
export type { KernelFamily, Request, Target, Variant } from './ops/request.ts';
export { sizeOf } from './ops/tensor.ts';
export { lower, type Alter, type Launch, type ProgramPlan } from './program/plan.ts';
export { runOp, type OpInput } from './program/run-op.ts';
export { applyOp } from './program/apply-op.ts';
export { createTensor, runRequests, type RequestRun } from './program/run-requests.ts';
