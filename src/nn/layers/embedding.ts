import { checkNumber, checkOptionNames } from '../../errors.ts';
import * as functional from '../functional/indexing.ts';
import { checkInitializer } from '../initial-values.ts';
import { normal, type Initializer } from '../initializers.ts';
import { defineModule, type Module } from '../module.ts';

export interface EmbeddingOptions {
  /** The index that stands for nothing: its vector is 0 and stays so. Negative ones count from the end. Default: none. */
  readonly paddingIndex?: number;
  /** How the weight [numEmbeddings, embeddingDim] starts; the row of `paddingIndex` starts at 0. Default PyTorch's: normal(0, 1). */
  readonly weightInitializer?: Initializer;
}

/**
 * A table of vectors: indices of any shape [...], integers below numEmbeddings, become [..., embeddingDim]. Parameter: weight
 * [numEmbeddings, embeddingDim]. As the first layer it makes the model take u32 inputs, which are checked before they are uploaded.
 */
export function embedding(numEmbeddings: number, embeddingDim: number, options: EmbeddingOptions = {}): Module {
  const kind = 'embedding';
  checkNumber(kind, 'numEmbeddings', numEmbeddings, { integer: true, min: 1 });
  checkNumber(kind, 'embeddingDim', embeddingDim, { integer: true, min: 1 });
  checkOptionNames(kind, options, ['paddingIndex', 'weightInitializer']);
  const { weightInitializer = normal() } = options;
  checkInitializer(kind, 'weightInitializer', weightInitializer);
  const given = options.paddingIndex === undefined
    ? undefined : checkNumber(kind, 'paddingIndex', options.paddingIndex, { integer: true, min: -numEmbeddings, max: numEmbeddings - 1 });
  const paddingIndex = given !== undefined && given < 0 ? given + numEmbeddings : given;
  return defineModule({
    kind, inputType: 'u32', inputClasses: numEmbeddings, reshapes: true,
    parameters: { weight: { shape: [numEmbeddings, embeddingDim], initializer: paddingIndex === undefined ? weightInitializer : withoutRow(weightInitializer, paddingIndex) } },
    forward: ({ parameters: { weight } }, indices) => functional.embedding(indices, weight!, { paddingIndex }),
  });
}

/** The same start values but for a row of zeros. */
function withoutRow({ name, fill }: Initializer, row: number): Initializer {
  return {
    name,
    fill: (shape, random) => {
      const values = fill(shape, random);
      const columns = shape[1]!;
      if (values instanceof Float32Array) values.fill(0, row * columns, (row + 1) * columns);
      return values;
    },
  };
}
