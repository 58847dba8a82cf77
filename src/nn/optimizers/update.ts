import { STEP_BYTES } from '../../../shaders/kernel.ts';
import type { Request } from '../../ops/request.ts';
import type { Tensor } from '../../ops/tensor.ts';
import type { Extension } from '../../program/plan.ts';
import type { GradientNorm } from '../extra-launches.ts';
import type { Scaling } from '../mixed-precision.ts';
import type { Net } from '../net.ts';
import { slotName, stepName, type Grouping } from './groups.ts';
import type { Clip } from './optimizer.ts';

/** The launches of the optimisers: the `norm` of all gradients first, where they are scaled by it, then one part of the arenas after the other. */
export function planUpdate(
  extension: Extension, net: Net, grouping: Grouping, gradients: Tensor, clip?: Clip, norm?: GradientNorm, scaling?: Scaling,
): { requests: Request[]; squaredNorm?: Tensor } {
  const { place, part, pieces, placements, value, arenas } = extension;
  const stretch = (arena: Tensor, first: number, size: number): Tensor => (size === arena.shape[0] ? arena : part(arena, first, [size]));
  const clipsNorm = clip !== undefined && 'norm' in clip;
  const requests = norm ? [...norm.requests] : [];
  for (const { index, optimizer, first, size, tensors } of grouping.parts(net.parameters, placements)) {
    const slots = Object.entries(Object.fromEntries(optimizer.slots.map((slot) => [slot, place(slotName(index, slot), [size], 'optimizer')])));
    const step = place(stepName(index), [STEP_BYTES / 4], 'step');
    const updates = pieces({ first, size }).flatMap((piece) => optimizer.requests({
      parameters: stretch(arenas.parameters, piece.first, piece.size), gradients: stretch(gradients, piece.first, piece.size),
      slots: Object.fromEntries(slots.map(([slot, arena]) => [slot, stretch(arena, piece.first - first, piece.size)])), value, step,
      clip, clipReads: norm && clipsNorm ? { squaredNorm: norm.total } : {}, ...(scaling ? { lossScale: scaling.state } : {}),
      // Only for those who ask: most optimisers don't.
      get tensors() {
        return tensors.filter(({ at }) => at >= piece.first && at < piece.first + piece.size).map(({ name, tensor: { shape }, at }) => ({
          name, shape, parameter: part(arenas.parameters, at, shape), gradient: part(gradients, at, shape),
          slots: Object.fromEntries(slots.map(([slot, arena]) => [slot, part(arena, at - first, shape)])),
        }));
      },
    }));
    scaling?.check(optimizer.name, updates);
    requests.push(...updates);
  }
  return { requests, ...(norm && clipsNorm ? { squaredNorm: norm.total } : {}) };
}
