// What can be chosen on the page, without the library: both threads use it.

export const dataNames = ['spiral', 'circles', 'moons', 'xor', 'blobs', 'line', 'sine', 'digits', 'mnist'] as const;
export type DataName = (typeof dataNames)[number];

export const activations = ['relu', 'tanh', 'sigmoid', 'silu', 'gelu', 'leakyRelu'] as const;
export type Activation = (typeof activations)[number];

/** Everything that decides a run: the same values give the same weights, bit for bit, on the same adapter. */
export interface Config {
  readonly data: DataName;
  readonly seed: number;
  readonly lr: number;
  readonly batchSize: number;
  readonly hidden: number;
  readonly activation: Activation;
}

const plane = { lr: 0.03, batchSize: 32, hidden: 16, activation: 'relu' } as const;
const curve = { lr: 0.01, batchSize: 32, hidden: 16, activation: 'tanh' } as const;
const images = { lr: 0.001, batchSize: 64, hidden: 128, activation: 'relu' } as const;

const defaults: Readonly<Record<DataName, Omit<Config, 'data' | 'seed'>>> = {
  spiral: plane, circles: plane, moons: plane, xor: plane, blobs: plane, line: curve, sine: curve, digits: images, mnist: images,
};

/** The net that suits a data set. */
export function defaultConfig(data: DataName, seed: number): Config {
  return { data, seed, ...defaults[data] };
}

export const firstConfig = defaultConfig('spiral', 42);

/** Whether a running net can take these settings as it is. */
export function onlyLrDiffers(a: Config, b: Config): boolean {
  return a.data === b.data && a.seed === b.seed && a.batchSize === b.batchSize && a.hidden === b.hidden && a.activation === b.activation;
}
