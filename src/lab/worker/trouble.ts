import { ChainruleError, type TrainerState } from 'chainrule';
import type { Trouble } from '../protocol.ts';

/** An error as plain data. */
export function troubleOf(error: unknown, effect: Trouble['effect']): Trouble {
  if (error instanceof ChainruleError) return { code: error.code, message: error.message, advice: error.advice, effect };
  return { code: 'unexpected', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error), advice: '', effect };
}

/** A loss that is not finite, and the tensor where that shows. */
export function divergence(step: number, { parameters }: TrainerState): Trouble {
  const broken = Object.entries(parameters).find(([, { data }]) => data.some((value) => !Number.isFinite(value)));
  return {
    code: 'diverged', effect: 'stopped', advice: '',
    message: broken ? `step ${step}: ${broken[0]} holds NaN or Infinity` : `step ${step}: the loss is NaN or infinite, the weights are still finite`,
  };
}
