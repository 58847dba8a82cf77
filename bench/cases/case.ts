import type { HostTensor, Named } from '../harness/host-tensor.ts';

/** What every case says of itself. Numbers are made when they are asked for: a list of cases costs nothing. */
interface CaseBase {
  /** For the table and for --case. */
  readonly name: string;
  /** True where a software adapter would take minutes: it runs on a GPU, or with --full. */
  readonly large?: true;
  /** Floating-point operations of one run, a multiply-add as two. */
  readonly flops?: number;
  /** Bytes that one run has to read and write at least. */
  readonly bytes?: number;
}

/** out[m, n] = A · B, with a stored [m, k] or (t) [k, m], b stored [k, n] or (t) [n, k]. */
export interface ProductCase extends CaseBase {
  readonly kind: 'product';
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  data(): { readonly a: HostTensor; readonly b: HostTensor };
}

/** An op over the rows of a matrix, with results by name. */
export interface RowsCase extends CaseBase {
  readonly kind: 'rows';
  readonly op: 'softmax' | 'softmax and gradient' | 'layerNorm' | 'layerNorm and gradients' | 'crossEntropy and gradient';
  readonly rows: number;
  readonly columns: number;
  /** `x` and, where the op has them, `weight`, `bias` [columns] and `cotangent`; `labels` are class indices. */
  data(): { readonly tensors: Named<HostTensor>; readonly labels?: Uint32Array };
}

export type Net =
  | { readonly type: 'mlp'; readonly sizes: readonly number[] }
  | { readonly type: 'lenet' }
  | { readonly type: 'resnet'; readonly width: number }
  | { readonly type: 'lstm'; readonly features: number; readonly units: number; readonly layers: number; readonly time: number; readonly classes: number }
  | { readonly type: 'transformer'; readonly layers: number; readonly width: number; readonly heads: number; readonly time: number; readonly vocabulary: number };

/** Batches, one behind the other. */
export interface TrainingData {
  /** f32 [batches · batch, ...inputShape], or u32 tokens. */
  readonly inputs: Float32Array | Uint32Array;
  /** Class indices: one for each example, or one for each place of a sequence. */
  readonly targets: Uint32Array;
}

/** Steps of Adam on softmax cross-entropy. */
export interface TrainingCase extends CaseBase {
  readonly kind: 'training';
  readonly net: Net;
  readonly batch: number;
  /** Different batches; step i takes batch i modulo this. The losses of as many steps are compared. */
  readonly batches: number;
  readonly inputShape: readonly number[];
  /** [] for a class for each example, [time] for one at each place. */
  readonly targetShape: readonly number[];
  readonly classes: number;
  readonly learningRate: number;
  data(): TrainingData;
  /** By PyTorch's names, in its layouts. */
  parameters(): Named<HostTensor>;
  /** Running means and variances, which some libraries keep. */
  buffers(): Named<HostTensor>;
}

/** The outputs of an MLP for rows on the host, back on the host. */
export interface PredictCase extends CaseBase {
  readonly kind: 'predict';
  readonly sizes: readonly number[];
  readonly rows: number;
  data(): HostTensor;
  parameters(): Named<HostTensor>;
}

export type Case = ProductCase | RowsCase | TrainingCase | PredictCase;

/** Adam's constants, the same for all. */
export const ADAM = { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
