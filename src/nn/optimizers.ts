export { adam, adamax, adamW, nadam, radam, type AdamaxOptions, type AdamOptions, type NadamOptions, type RadamOptions } from './optimizers/adam.ts';
export { adadelta, adagrad, rmsprop, type AdadeltaOptions, type AdagradOptions, type RmspropOptions } from './optimizers/adaptive.ts';
export type { ParameterGroup } from './optimizers/parameter-groups.ts';
export { lion, type LionOptions } from './optimizers/lion.ts';
export { muon, type MuonOptions } from './optimizers/muon.ts';
export type { Clip, OptimizedTensor, Optimizer, OptimizerContext, OptimizerOption } from './optimizers/optimizer.ts';
export { sgd, type SgdOptions } from './optimizers/sgd.ts';
