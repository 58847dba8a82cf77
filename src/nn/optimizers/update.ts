import { STEP_BYTES } from '../../../shaders/kernel.ts';
import { checkNumber, checkOptionNames, OptionError } from '../../errors.ts';
import type { Request } from '../../ops/request.ts';
import type { Tensor } from '../../ops/tensor.ts';
import type { Extension } from '../../program/plan.ts';
import type { Scaling } from '../mixed-precision.ts';
import type { Net } from '../net.ts';
import { slotName, stepName, type Grouping } from './groups.ts';
import type { Clip } from './optimizer.ts';
import { squaredNorm } from './squared-norm.ts';

/** How compile takes a clip, checked. */
export function checkClip(clip: unknown): Clip {
  checkOptionNames('compile', clip as object, ['norm', 'value']);
  const entries = Object.entries(clip as object);
  if (entries.length !== 1) throw new OptionError('compile', 'clipGradients as { norm } or { value }', `${entries.length} of them`);
  const [[name, value]] = entries as [[string, unknown]];
  checkNumber('compile', `clipGradients.${name}`, value, { above: 0, float32: true });
  return { [name]: value } as unknown as Clip;
}

/** The launches of the optimisers: the norm of all gradients first, where they are scaled by it, then one part of the arenas after the other. */
export function planUpdate(
  { place, part, placements, value, arenas }: Extension, net: Net, grouping: Grouping, gradients: Tensor, clip: Clip | undefined, scaling?: Scaling,
): { requests: Request[]; squaredNorm?: Tensor } {
  const [count] = arenas.parameters.shape as [number];
  const clipsNorm = clip !== undefined && 'norm' in clip;
  // Where gradients are scaled, taking the scale out of them also gives their norm.
  const norm = scaling ?? (clipsNorm ? squaredNorm(gradients, value, 'gradient norm') : undefined);
  const requests = norm ? [...norm.requests] : [];
  for (const { index, optimizer, first, size, tensors } of grouping.parts(net.parameters, placements)) {
    const whole = size === count;
    const range = (arena: Tensor): Tensor => (whole ? arena : part(arena, first, [size]));
    const slots = Object.fromEntries(optimizer.slots.map((slot) => [slot, place(slotName(index, slot), [size], 'optimizer')]));
    const updates = optimizer.requests({
      parameters: range(arenas.parameters), gradients: range(gradients), slots, value,
      step: place(stepName(index), [STEP_BYTES / 4], 'step'),
      clip, clipReads: norm && clipsNorm ? { squaredNorm: norm.total } : {}, ...(scaling ? { lossScale: scaling.state } : {}),
      // Only for those who ask: most optimisers don't.
      get tensors() {
        return tensors.map(({ name, tensor: { shape }, at }) => ({
          name, shape, parameter: part(arenas.parameters, at, shape), gradient: part(gradients, at, shape),
          slots: Object.fromEntries(Object.entries(slots).map(([slot, arena]) => [slot, part(arena, at - first, shape)])),
        }));
      },
    });
    scaling?.check(optimizer.name, updates);
    requests.push(...updates);
  }
  return { requests, ...(norm && clipsNorm ? { squaredNorm: norm.total } : {}) };
}
