// PyTorch's optimizers: parameters after each of eight steps under given gradients.
import { torchFixtures } from './torch-fixtures.ts';

interface Sequence {
  readonly optimizer: string;
  readonly options: Readonly<Record<string, unknown>> & { readonly betas?: readonly [number, number] };
  readonly initial: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly parameters: readonly (readonly number[])[];
}

/** The sequences of the library's optimizers, with their options under the library's names. */
export function torchSequences() {
  const sequences = torchFixtures('optimizers') as unknown as readonly Sequence[];
  return sequences.filter(({ optimizer, options }) => ['sgd', 'adam', 'adamW'].includes(optimizer) && !options.amsgrad)
    .map(({ optimizer, options: { betas, ...options }, ...rest }) => ({
      ...rest, name: optimizer as 'sgd' | 'adam' | 'adamW', options: { ...options, ...(betas ? { beta1: betas[0], beta2: betas[1] } : {}) } as { lr: number },
    }));
}
