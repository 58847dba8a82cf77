import { STEP_BYTES } from '../../../shaders/kernel.ts';
import { checkNumber, checkOptionNames, OptionError } from '../../errors.ts';
import { map } from '../../ops/map.ts';
import type { Request } from '../../ops/request.ts';
import type { Tensor } from '../../ops/tensor.ts';
import type { Extension } from '../../program/plan.ts';
import type { Scaling } from '../mixed-precision.ts';
import type { Net } from '../net.ts';
import { rangesOf } from '../step-extras.ts';
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

/** Sums [1] with what makes them, as one. */
function sumOfAll(sums: readonly { requests: Request[]; total: Tensor }[], value: Extension['value']): { requests: Request[]; total: Tensor } {
  return sums.reduce((all, { requests, total }) => {
    const sum = value('squaredNorm', [1]);
    return { requests: [...all.requests, ...requests, { ...map(all.total, [{ formula: 'add', operands: [total] }], sum), label: 'gradient norm' }], total: sum };
  });
}

/** The launches of the optimisers: the norm of all gradients first, where they are scaled by it, then one part of the arenas after the other. */
export function planUpdate(
  extension: Extension, net: Net, grouping: Grouping, gradients: Tensor, clip: Clip | undefined, scaling?: Scaling,
): { requests: Request[]; squaredNorm?: Tensor } {
  const { place, part, pieces, placements, value, arenas } = extension;
  const stretch = (arena: Tensor, first: number, size: number): Tensor => (size === arena.shape[0] ? arena : part(arena, first, [size]));
  const clipsNorm = clip !== undefined && 'norm' in clip;
  // Where gradients are scaled, taking the scale out of them also gives their norm.
  const norm = scaling ?? (clipsNorm ? sumOfAll(rangesOf([gradients], extension).map(([range]) => squaredNorm(range!, value, 'gradient norm')), value) : undefined);
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
