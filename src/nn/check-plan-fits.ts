import { LimitError } from '../errors.ts';
import type { ProgramPlan } from '../program/plan.ts';

/** Refuses a program before anything is allocated, if one of its buffers is larger than the device takes. */
export function checkPlanFits(who: string, plan: ProgramPlan, maxBytes: number): void {
  const [largest] = [...plan.buffers].sort((a, b) => b.bytes - a.bytes);
  if (!largest || largest.bytes <= maxBytes) return;
  const tensors = [...plan.placements].filter(([, { buffer }]) => buffer === largest.name).map(([id]) => plan.tensors[id]!);
  // A tensor of the model says more than the arena that holds it.
  const own = tensors.filter(({ name }) => name !== largest.name);
  const [tensor] = (own.length > 0 ? own : tensors).sort((a, b) => b.shape.reduce((x, y) => x * y, 1) - a.shape.reduce((x, y) => x * y, 1));
  const share = maxBytes / largest.bytes;
  throw new LimitError(who, `every buffer to fit this device's limit of ${maxBytes.toLocaleString('en')} bytes`,
    `${largest.bytes.toLocaleString('en')} bytes of ${largest.role}${tensor ? ` for ${tensor.name} [${tensor.shape.join(', ')}]` : ''}`,
    `${(share * 100).toFixed(share < 0.1 ? 2 : 0)} % of it would fit: use a smaller ${largest.role === 'activations' || largest.role === 'batch' ? 'batch' : 'layer'}.`);
}
