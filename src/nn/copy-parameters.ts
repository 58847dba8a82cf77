import { DataError, OptionError, show, ShapeError } from '../errors.ts';
import { submit } from '../gpu/sequence.ts';
import { sameShape, showShape } from '../ops/tensor.ts';
import type { CompiledStep, StepEngine } from './step-engine.ts';
import { modelParts, type Part } from './state.ts';

/** A trainer's model on the GPU. */
export interface ModelOnGpu {
  readonly engine: StepEngine;
  readonly step: CompiledStep;
}

const isUnder = (name: string, prefix: string): boolean => prefix === '' || name === prefix || name.startsWith(`${prefix}.`);
/** What follows the prefix: '.weight' or ''. */
const rest = (name: string, prefix: string): string => (prefix === '' ? `.${name}` : name.slice(prefix.length));
const joined = (prefix: string, tail: string): string => (prefix === '' ? tail.slice(1) : prefix + tail);

/**
 * Copies parameters and buffers from one model to another on the GPU, in one submit. `names` says where: prefix there → prefix
 * here. Both prefixes must hold the same names in the same shapes; everything is checked before anything is copied.
 */
export function copyParameters(from: ModelOnGpu, to: ModelOnGpu, names: Readonly<Record<string, string>>): void {
  const pairs: { source: Part; target: Part }[] = [];
  const partsOf = ({ step }: ModelOnGpu): Part[] => Object.values(modelParts(step)).flat();
  const [theirs, ours] = [partsOf(from), partsOf(to)];
  for (const [there, here] of Object.entries(names)) {
    const sources = theirs.filter(({ name }) => isUnder(name, there));
    if (sources.length === 0) {
      throw new DataError('copyFrom', `names of the other trainer (${theirs.slice(0, 6).map(({ name }) => name).join(', ')}${theirs.length > 6 ? ', …' : ''}), or what they begin with`, show(there),
        'A parameter that stands in several places goes by its first name.');
    }
    const found = new Map(sources.map((source) => [joined(here, rest(source.name, there)), source]));
    const without = ours.find(({ name }) => isUnder(name, here) && !found.has(name));
    if (without) throw new DataError('copyFrom', `something to copy to ${without.name}`, `nothing of that name under ${show(there)} of the other trainer`);
    for (const [name, source] of found) {
      const target = ours.find((part) => part.name === name);
      if (!target) throw new DataError('copyFrom', `${show(name)} in this trainer, to copy ${source.name} to`, 'no parameter or buffer of that name');
      if (!sameShape(source.shape, target.shape)) throw new ShapeError('copyFrom', `${source.name} of shape ${showShape(target.shape)} for ${name}`, showShape(source.shape));
      if (pairs.some((pair) => pair.target === target)) throw new OptionError('copyFrom', `one source for ${name}`, 'two');
      pairs.push({ source, target });
    }
  }
  submit(to.engine.setup.device, 'copy parameters', [], pairs.map(({ source, target }) => ({
    from: { buffer: from.engine.store.find(source.buffer)!, offset: source.offset, bytes: source.bytes }, to: to.engine.store.find(target.buffer)!, at: target.offset,
  })));
}
