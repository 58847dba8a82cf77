import type { Example } from './kit.ts';

/** All examples by the name of their file. Each is loaded when it is asked for. */
export const examples: Readonly<Record<string, () => Promise<{ readonly example: Example }>>> = {
  autoencoder: () => import('./autoencoder.ts'),
  gan: () => import('./gan.ts'),
  iris: () => import('./iris.ts'),
  lenet: () => import('./lenet.ts'),
  penguins: () => import('./penguins.ts'),
  resnet: () => import('./resnet.ts'),
  sine: () => import('./sine.ts'),
  'character-transformer': () => import('./character-transformer.ts'),
  'gru-addition': () => import('./gru-addition.ts'),
  'lstm-copy': () => import('./lstm-copy.ts'),
  'skip-gram': () => import('./skip-gram.ts'),
};
