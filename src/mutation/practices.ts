/** What of a training run and of its gradients the usual practices look at. */
export interface Observed {
  readonly losses: readonly number[];
  /** Gradients by parameter, as the GPU left them in an ordinary step: nothing is poisoned for these practices. */
  readonly gradients: readonly Float32Array[];
}

/** What they compare with. */
export interface Expected {
  /** The losses of the same run without a bug. */
  readonly losses: readonly number[];
  /** float64 gradients of the same parameters at the same batch. */
  readonly gradients: readonly Float64Array[];
}

/** A way in which people find bugs in gradients; `notices` is true where it does. */
export interface Practice {
  readonly name: string;
  notices(observed: Observed, expected: Expected): boolean;
}

/** Whether any element is beyond its tolerance. NaN is. */
function anyBeyond(gradients: Observed['gradients'], references: Expected['gradients'], tolerance: (gpu: number, reference: number) => number): boolean {
  return gradients.some((gradient, at) => gradient.some((gpu, i) => {
    const reference = references[at]![i]!;
    return !(Math.abs(gpu - reference) <= tolerance(gpu, reference));
  }));
}

/** The usual ways, each as it is used: with the reference and the golden run that this project has, which is generous. */
export const practices: readonly Practice[] = [
  { name: 'the loss falls to half', notices: ({ losses }) => !(losses.at(-1)! < 0.5 * losses[0]!) },
  {
    name: 'the last loss is that of a good run, to 1e-3',
    notices: ({ losses }, expected) => !(Math.abs(losses.at(-1)! - expected.losses.at(-1)!) <= 1e-3 * Math.abs(expected.losses.at(-1)!)),
  },
  {
    name: 'every gradient to a relative 1e-3',
    notices: ({ gradients }, expected) => anyBeyond(gradients, expected.gradients, (gpu, reference) => 1e-3 * Math.max(Math.abs(gpu), Math.abs(reference))),
  },
  {
    name: 'PyTorch\'s gradcheck: atol 1e-5, rtol 1e-3',
    notices: ({ gradients }, expected) => anyBeyond(gradients, expected.gradients, (_, reference) => 1e-5 + 1e-3 * Math.abs(reference)),
  },
];
