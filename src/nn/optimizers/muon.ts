import { muonApply, muonMomentum, muonNormalize } from '../../../shaders/muon.wgsl.ts';
import { OptionError, show } from '../../errors.ts';
import { map, type MapStep } from '../../ops/map.ts';
import { matmulFamily, multiply } from '../../ops/matmul.ts';
import type { Request } from '../../ops/request.ts';
import { sizeOf, type Shape, type Tensor } from '../../ops/tensor.ts';
import { adamW } from './adam.ts';
import { arenaFamily, definedOf, readOptions, type OptimizedTensor, type Optimizer, type OptimizerContext } from './optimizer.ts';
import { squaredNorm } from './squared-norm.ts';

const momentumFamily = /* @__PURE__ */ arenaFamily('muon-momentum', muonMomentum, 4);
const normalizeFamily = /* @__PURE__ */ arenaFamily('muon-normalize', muonNormalize, 1);
const applyFamily = /* @__PURE__ */ arenaFamily('muon-apply', muonApply, 4);

/** a, b, c of X ← aX + b(XXᵀ)X + c(XXᵀ)²X: chosen by Jordan et al. so that small singular values grow fast. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;

export interface MuonOptions {
  /** Learning rate of the matrices, > 0. Default 1e-3. */
  readonly lr?: number;
  /** Decay of the weight itself. Default 0.1. */
  readonly weightDecay?: number;
  /** Decay of the running mean of gradients, in [0, 1). Default 0.95. */
  readonly momentum?: number;
  /** Default true. */
  readonly nesterov?: boolean;
  /** The least norm that a direction is divided by. Default 1e-7. */
  readonly eps?: number;
  /**
   * What the learning rate of a matrix [rows, columns] is multiplied by: `original` √max(1, rows / columns); `matchRmsAdamW`
   * 0.2 √max(rows, columns), with which AdamW's rates and decays fit. Default original.
   */
  readonly adjustLr?: 'original' | 'matchRmsAdamW';
  /** The optimiser of the parameters with fewer than two axes (biases, scales). Its lr keeps its ratio to muon's. Default adamW(). */
  readonly others?: Optimizer;
}

const ADJUST = {
  original: (rows: number, columns: number) => Math.sqrt(Math.max(1, rows / columns)),
  matchRmsAdamW: (rows: number, columns: number) => 0.2 * Math.sqrt(Math.max(rows, columns)),
};

/** A product with elementwise steps at its end, in one launch. */
function product(how: Parameters<typeof multiply>[0], [a, b]: readonly [Tensor, Tensor], steps: readonly MapStep[], out: Tensor, unused: Tensor): Request {
  return { ...matmulFamily.absorbConsumer!(multiply(how, a, b, unused), unused, map(unused, steps, out), false)!, label: 'optimizer' };
}

/**
 * `ITERATIONS` of X ← aX + (bG + cG²)X with G = XXᵀ; of a tall matrix from the right, with the smaller G = XᵀX. With H = (c/b) G the
 * bracket is (b²/c)(H + H²), so that each of three products ends with one sum and one factor.
 */
function orthogonalize(start: Tensor, value: OptimizerContext['value']): { requests: Request[]; result: Tensor } {
  const [rows, columns] = start.shape as [number, number];
  const tall = rows > columns;
  const gram: Shape = tall ? [columns, columns] : [rows, rows];
  const requests: Request[] = [];
  let x = start;
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const [h, unusedGram, bracket, next, unused] = [value('gram', gram), value('unused', gram), value('bracket', gram), value('direction', start.shape), value('unused', start.shape)];
    requests.push(
      product(tall ? { transposeA: true } : { transposeB: true }, [x, x], [{ formula: 'scale', parameters: [C / B] }], h, unusedGram),
      product({}, [h, h], [{ formula: 'add', operands: [h] }, { formula: 'scale', parameters: [B * B / (C * A)] }], bracket, unusedGram),
      product({}, tall ? [x, bracket] : [bracket, x], [{ formula: 'add', operands: [x] }, { formula: 'scale', parameters: [A] }], next, unused),
    );
    x = next;
  }
  return { requests, result: x };
}

/**
 * Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") with the defaults of PyTorch's
 * torch.optim.Muon: the running mean of a matrix's gradients is made nearly orthogonal by five Newton–Schulz iterations before
 * the matrix follows it. Parameters with two axes or more take part; a convolution's weight counts as [out, in · height · width].
 * Computed in float32, where PyTorch uses bfloat16. About 20 launches for each matrix. An embedding or the last
 * layer is better left to AdamW: compile({ groups: [{ parameters: ['head'], optimizer: adamW() }] }).
 */
export function muon(options: MuonOptions = {}): Optimizer {
  const { adjustLr = 'original', others = adamW(), ...plain } = options ?? {};
  const all = readOptions('muon', plain, { lr: 1e-3, weightDecay: 0.1, momentum: 0.95, nesterov: true, eps: 1e-7 });
  const { lr, weightDecay, momentum, nesterov, eps } = all;
  if (momentum >= 1) throw new OptionError('muon', 'momentum to be a finite number ≥ 0 and < 1', show(momentum));
  if (!Object.hasOwn(ADJUST, adjustLr)) throw new OptionError('muon', `adjustLr among ${Object.keys(ADJUST).join(', ')}`, show(adjustLr));
  if (typeof others?.requests !== 'function' || others.others) throw new OptionError('muon', 'others as an optimizer for all shapes, such as adamW()', show(others?.name ?? others));

  const updateMatrix = ({ shape, parameter, gradient, slots }: OptimizedTensor, { step, clip, clipReads, lossScale, value }: OptimizerContext): Request[] => {
    const [guard, guardReads] = lossScale ? [{ guarded: true as const }, { lossScale }] : [{}, {}];
    const [rows, size] = [shape[0]!, sizeOf(shape)];
    const matrix = [rows, size / rows];
    const count = Math.ceil(size / 4) * 4;
    const [direction, normalized] = [value('direction', matrix), value('direction', matrix)];
    const norm = squaredNorm(direction, value, 'optimizer');
    const orthogonal = orthogonalize(normalized, value);
    const own = (request: Omit<Request, 'label'>): Request => ({ ...request, label: 'optimizer' });
    return [
      own({
        family: momentumFamily, spec: { count, momentum, nesterov, ...(clip ? { clip } : {}), ...guard },
        reads: { gradients: gradient, ...clipReads, ...guardReads }, writes: { direction }, updates: { momentumBuffer: slots.momentumBuffer! },
      }),
      ...norm.requests,
      own({ family: normalizeFamily, spec: { count, eps }, reads: { direction, squaredNorm: norm.total }, writes: { out: normalized } }),
      ...orthogonal.requests,
      own({
        family: applyFamily, spec: { count, size, weightDecay, ratio: ADJUST[adjustLr](rows, size / rows), ...guard },
        reads: { step, direction: orthogonal.result, ...guardReads }, writes: {}, updates: { parameters: parameter },
      }),
    ];
  };
  return {
    name: 'muon', options: { ...all, adjustLr }, lr, slots: ['momentumBuffer'], others,
    takes: (shape) => shape.length >= 2,
    requests: (context) => context.tensors.flatMap((tensor) => updateMatrix(tensor, context)),
    scalars: (_, rate) => [rate],
    with: (given) => {
      const changes = definedOf(given);
      const changed = muon({ ...all, adjustLr, ...changes } as MuonOptions);
      if (Object.hasOwn(changes, 'others')) return changed;
      // A group's rate and decay hold for its biases, too.
      const shared = Object.hasOwn(changes, 'weightDecay') ? { weightDecay: changes.weightDecay } : {};
      return muon({ ...all, adjustLr, ...changes, others: others.with({ lr: others.lr * (changed.lr / lr), ...shared }) } as MuonOptions);
    },
  };
}
