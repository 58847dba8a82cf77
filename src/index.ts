export { ChainruleError, DataError, DeviceLostError, FormatError, GpuError, LimitError, OptionError, ShapeError, type ErrorCode } from './errors.ts';
export { MemoryLimitError, type FittingBatch, type MemoryLimit, type MemoryRefusal } from './nn/memory-limit-error.ts';
export { openDevice, type Device, type DeviceOptions } from './gpu/device.ts';
export type { AdapterClass, AdapterFacts } from './gpu/adapter.ts';
export type { Shape, Tensor } from './ops/tensor.ts';
export type { Graph, Node, Snapshot } from './program/graph.ts';
export * from './data/index.ts';
export * from './nn/initializers.ts';
export { add, matmul, mean, mul, reshape, sub, sum } from './nn/functional.ts';
export { dropout, flatten, gelu, leakyRelu, linear, logSoftmax, module, recompute, relu, sequential, sigmoid, silu, softmax, tanh, type LinearOptions } from './nn/layers.ts';
export { elu, hardSigmoid, hardSwish, mish, prelu, relu6, selu, softplus, softsign, type PreluOptions } from './nn/layers/activations.ts';
export {
  abs, clamp, cos, div, equal, erf, exp, expm1, floor, greater, greaterEqual, less, lessEqual, log, log1p, maximum, minimum, neg, notEqual, pow, reciprocal, rsqrt, scale, sign,
  sin, sqrt, square, where,
} from './nn/functional/elementwise.ts';
export { embedding, type EmbeddingOptions } from './nn/layers/embedding.ts';
export {
  batchNorm1d, batchNorm2d, groupNorm, instanceNorm2d, layerNorm, rmsNorm, type BatchNormOptions, type GroupNormOptions, type LayerNormOptions,
} from './nn/layers/normalization.ts';
export { batchNorm, instanceNorm } from './nn/functional/normalization.ts';
export { argMax, argMin, cumsum, logSumExp, max, min, norm, prod, variance, type AxisOptions, type FoldOptions } from './nn/functional/reductions.ts';
export { gather, scatterAdd } from './nn/functional/indexing.ts';
export { conv1d, conv2d, convTranspose2d, type ConvolutionOptions, type ConvTransposeOptions } from './nn/layers/convolution.ts';
export {
  avgPool1d, avgPool2d, globalAvgPool2d, globalMaxPool2d, maxPool1d, maxPool2d, upsample, type AveragePoolingOptions, type MaxPoolingOptions, type PoolingOptions,
} from './nn/layers/pooling.ts';
export { concat, expand, flip, narrow, pad, permute, select, slice, squeeze, stack, tile, transpose, unsqueeze } from './nn/functional/shape.ts';
export { gru, lstm, rnn, type RecurrentOptions, type RecurrentResult, type RecurrentState, type StatefulModule } from './nn/layers/recurrent.ts';
export { multiHeadAttention, type AttentionInputs, type AttentionModule, type MultiHeadAttentionOptions } from './nn/layers/attention.ts';
export { positionalEmbedding, transformerDecoderLayer, transformerEncoderLayer, type TransformerLayerOptions } from './nn/layers/transformer.ts';
export * as functional from './nn/functional/index.ts';
export { upsample2d } from './nn/functional/convolution.ts';
export { defineModule, type AnyModule, type Context, type Module, type Parameter, type Randomness } from './nn/module.ts';
export { bceWithLogits, crossEntropy, hinge, huber, klDiv, mae, mse, nll, type Loss } from './nn/losses.ts';
export {
  cosineEmbedding, type BceLossOptions, type CosineEmbeddingLossOptions, type CrossEntropyLossOptions, type HingeLossOptions, type HuberLossOptions,
  type KlDivLossOptions, type NllLossOptions, type Reduced,
} from './nn/functional/losses.ts';
export { l1, l2, type PenaltyOptions, type Regularization } from './nn/regularization.ts';
export * from './nn/optimizers.ts';
export * as schedules from './nn/schedules.ts';
export type { OneCycleOptions, PlateauOptions, Schedule, ScheduleState } from './nn/schedules.ts';
export { compile, type CompileOptions } from './nn/compile.ts';
export type { TunedVariant, TunedWork, TuneOptions, TuningReport } from './nn/tuning/tuner.ts';
export type { TuningStore } from './nn/tuning/store.ts';
export { fileStore } from './nn/tuning/file-store.ts';
export type { Batch, LossScale, LossScaleState, PendingStep, StepReport } from './nn/step-report.ts';
export type { LossScaleOptions } from './nn/mixed-precision.ts';
export type { EvaluateOptions, Trainer, WeightsOption } from './nn/trainer.ts';
export type { EpochReport, FitOptions, FitResult, FitStep } from './nn/fit.ts';
export type { OnStep, TrainingUnderWay } from './nn/step-watch.ts';
export type { Evaluation } from './nn/evaluate.ts';
export * as metrics from './nn/metrics/index.ts';
export type { AverageOptions, Metric, MetricValue } from './nn/metrics/index.ts';
export type { LoadedState, TensorState, TrainerState } from './nn/state.ts';
export type { DeadUnits, Finding, FindingKind, StepDiagnostics, TensorDiagnostics } from './nn/diagnostics.ts';
export type { TrainerPlan } from './nn/trainer-plan.ts';
export type { ProfileOptions } from './nn/profile.ts';
export type { ChromeTrace, ChromeTraceEvent, Profile, ProfiledLaunch } from './nn/profile-report.ts';
export type { Ceilings } from './gpu/ceilings.ts';
export type { TimingMethod } from './gpu/timing.ts';
