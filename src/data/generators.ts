import { checkNumber, DataError, OptionError, show } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { generatorOptions, type GeneratorOptions, pointsByClass } from './generator-options.ts';

/*
 * Classification in the plane: inputs [2], targets class indices. The problems are those of scikit-learn's
 * make_circles, make_moons and make_blobs and of TensorFlow Playground's spiral and exclusive or.
 */

/**
 * Exclusive or: the square [−1, 1]² in four quadrants, class 1 where x and y have different signs.
 * @param options.points Default 400.
 * @param options.noise Default 0: the classes touch nowhere, `gap` lies between them.
 * @param options.gap Width of the empty strips along both axes, in [0, 1]. Default 0.1.
 * @param options.seed Default 0.
 * @throws OptionError where an option is unknown or out of range.
 */
export function xor(options: GeneratorOptions & { gap?: number } = {}): Dataset {
  const checked = generatorOptions('xor', options, { points: 400, noise: 0 }, ['gap']);
  const half = checkNumber('xor', 'gap', options.gap ?? 0.1, { min: 0, max: 1 }) / 2;
  const { random } = checked;
  let side = 0;
  return pointsByClass('xor', checked, 2, (label) => {
    const x = random.uniform(half, 1);
    const y = random.uniform(half, 1);
    // Example 2k and 2k + 1 share a side, so that the four quadrants get equally many points.
    const sign = Math.floor(side++ / 2) % 2 === 0 ? 1 : -1;
    return [sign * x, (label === 1 ? -sign : sign) * y];
  });
}

/**
 * Two circles with one centre: class 0 on the unit circle, class 1 inside it.
 * @param options.points Default 500.
 * @param options.noise Default 0.05.
 * @param options.factor Radius of the inner circle, in (0, 1). Default 0.5.
 * @param options.seed Default 0.
 * @throws OptionError where an option is unknown or out of range.
 */
export function circles(options: GeneratorOptions & { factor?: number } = {}): Dataset {
  const checked = generatorOptions('circles', options, { points: 500, noise: 0.05 }, ['factor']);
  const factor = checkNumber('circles', 'factor', options.factor ?? 0.5, { above: 0, below: 1 });
  const { random } = checked;
  return pointsByClass('circles', checked, 2, (label) => {
    const angle = random.uniform(0, 2 * Math.PI);
    const radius = label === 0 ? 1 : factor;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/**
 * Two half circles that reach into each other: class 0 is (cos t, sin t), class 1 is (1 − cos t, 1/2 − sin t), 0 ≤ t ≤ π.
 * @param options.points Default 1000.
 * @param options.noise Default 0.1.
 * @param options.seed Default 0.
 * @throws OptionError where an option is unknown or out of range.
 */
export function moons(options: GeneratorOptions = {}): Dataset {
  return pointsByClass('moons', generatorOptions('moons', options, { points: 1000, noise: 0.1 }), 2, (label, t) => {
    const x = Math.cos(Math.PI * t);
    const y = Math.sin(Math.PI * t);
    return label === 0 ? [x, y] : [1 - x, 0.5 - y];
  });
}

/**
 * Arms that wind round the origin, one for each class, within about [−1, 1]². On an arm the radius r grows from 0.1
 * to 1 evenly, and the angle is 2π (turns · r + class / classes).
 * @param options.points Default 1000.
 * @param options.noise Default 0.02.
 * @param options.turns How often an arm winds round the origin, in [0, 10]. Default 1.
 * @param options.classes Number of arms: an integer in [2, 16]. Default 2.
 * @param options.seed Default 0.
 * @throws OptionError where an option is unknown or out of range.
 */
export function spiral(options: GeneratorOptions & { turns?: number; classes?: number } = {}): Dataset {
  const checked = generatorOptions('spiral', options, { points: 1000, noise: 0.02 }, ['turns', 'classes']);
  const turns = checkNumber('spiral', 'turns', options.turns ?? 1, { min: 0, max: 10 });
  const classes = checkNumber('spiral', 'classes', options.classes ?? 2, { min: 2, max: 16, integer: true });
  return pointsByClass('spiral', checked, classes, (label, t) => {
    // At the origin the arms would meet, and noise would mix them.
    const radius = 0.1 + 0.9 * t;
    const angle = 2 * Math.PI * (turns * radius + label / classes);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/**
 * Round clouds of points, one for each class.
 * @param options.points Default 500.
 * @param options.noise Standard deviation of a cloud. Default 0.2.
 * @param options.classes Number of clouds: an integer in [2, 1024]. Default: as many as `centers`, or 3.
 * @param options.centers The middle of each cloud, [x, y]. Default: evenly round the unit circle.
 * @param options.seed Default 0.
 * @throws OptionError where an option is unknown or out of range; DataError where a centre is not two finite numbers.
 */
export function blobs(options: GeneratorOptions & { classes?: number; centers?: readonly (readonly number[])[] } = {}): Dataset {
  const checked = generatorOptions('blobs', options, { points: 500, noise: 0.2 }, ['classes', 'centers']);
  const { centers } = options;
  if (centers !== undefined && !Array.isArray(centers)) throw new OptionError('blobs', 'centers to be a list of [x, y]', show(centers));
  const classes = checkNumber('blobs', 'classes', options.classes ?? centers?.length ?? 3, { min: 2, max: 1024, integer: true });
  if (centers && centers.length !== classes) {
    throw new OptionError('blobs', 'as many centers as classes', `${centers.length} centers and ${classes} classes`);
  }
  centers?.forEach((center, i) => {
    if (!Array.isArray(center) || center.length !== 2 || !center.every((x) => Number.isFinite(Math.fround(x)))) {
      throw new DataError('blobs', `centers[${i}] to be two finite numbers`, show(center));
    }
  });
  return pointsByClass('blobs', checked, classes, (label) => {
    if (centers) return [centers[label][0], centers[label][1]];
    const angle = (2 * Math.PI * label) / classes;
    return [Math.cos(angle), Math.sin(angle)];
  });
}
