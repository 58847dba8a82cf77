import { checkNumber, OptionError, show } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import { generatorOptions, type GeneratorOptions } from './generator-options.ts';

/**
 * A line or plane with noise: inputs x [features] uniform in [−1, 1], targets [1]: y = Σ weights · x + bias + noise.
 * @param options.points Default 200.
 * @param options.noise Standard deviation of the noise on y. Default 0.1.
 * @param options.features Number of inputs: an integer in [1, 4096]. Default: as many as `weights`, or 1.
 * @param options.weights One finite number for each feature. Default: uniform in [−2, 2], drawn from the seed.
 * @param options.bias A finite number. Default 0.5.
 * @param options.seed Default 0.
 * @throws OptionError where an option is unknown or out of range.
 */
export function linearRegression(
  options: GeneratorOptions & { features?: number; weights?: readonly number[]; bias?: number } = {},
): Dataset {
  const who = 'linearRegression';
  const { points, noise, random } = generatorOptions(who, options, { points: 200, noise: 0.1 }, ['features', 'weights', 'bias']);
  if (options.weights !== undefined && !Array.isArray(options.weights)) {
    throw new OptionError(who, 'weights to be a list of numbers', show(options.weights));
  }
  const features = checkNumber(who, 'features', options.features ?? options.weights?.length ?? 1, { min: 1, max: 4096, integer: true });
  const bias = checkNumber(who, 'bias', options.bias ?? 0.5, { min: -1e6, max: 1e6 });
  const weights = options.weights ?? Array.from({ length: features }, () => random.uniform(-2, 2));
  if (weights.length !== features) {
    throw new OptionError(who, 'as many weights as features', `${weights.length} weights and ${features} features`);
  }
  weights.forEach((weight, i) => checkNumber(who, `weights[${i}]`, weight, { min: -1e6, max: 1e6 }));
  return curve(who, points, features, (x) => {
    let y = bias;
    for (let j = 0; j < features; j++) {
      x[j] = random.uniform(-1, 1);
      y += weights[j] * x[j];
    }
    return y + random.normal(0, noise);
  });
}

/**
 * A sine wave with noise: inputs x [1] uniform in [−1, 1], targets [1]: y = sin(2π · cycles · x) + noise.
 * @param options.points Default 300.
 * @param options.noise Standard deviation of the noise on y. Default 0.05.
 * @param options.cycles Periods for one unit of x, in (0, 100]. Default 0.5: one period from −1 to 1.
 * @param options.seed Default 0.
 * @throws OptionError where an option is unknown or out of range.
 */
export function sineRegression(options: GeneratorOptions & { cycles?: number } = {}): Dataset {
  const { points, noise, random } = generatorOptions('sineRegression', options, { points: 300, noise: 0.05 }, ['cycles']);
  const cycles = checkNumber('sineRegression', 'cycles', options.cycles ?? 0.5, { above: 0, max: 100 });
  return curve('sineRegression', points, 1, (x) => {
    x[0] = random.uniform(-1, 1);
    return Math.sin(2 * Math.PI * cycles * x[0]) + random.normal(0, noise);
  });
}

/** `draw` writes one input into its row and returns the target. */
function curve(name: string, points: number, features: number, draw: (x: Float32Array) => number): Dataset {
  const inputs = new Float32Array(points * features);
  const targets = new Float32Array(points);
  for (let i = 0; i < points; i++) targets[i] = draw(inputs.subarray(i * features, (i + 1) * features));
  return { name, length: points, inputs, inputShape: [features], targets, targetShape: [1] };
}
