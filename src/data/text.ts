import { checkNumber, checkOptionNames, DataError, OptionError, show } from '../errors.ts';
import type { Dataset } from './dataset.ts';

/** Text as indices and back. Plain data beside its two functions: `vocabulary` is all that has to be kept. */
export interface Tokenizer {
  /** The token of each index. */
  readonly vocabulary: readonly string[];
  /** How many tokens there are: what an embedding needs. */
  readonly size: number;
  /** Throws a DataError that names the first token which is not in the vocabulary, and where. */
  encode(text: string): Uint32Array<ArrayBuffer>;
  /** Throws a DataError for an index beyond the vocabulary. */
  decode(tokens: ArrayLike<number>): string;
}

/**
 * One token for each character (code point) of `source`: a text, whose characters are taken in the order of their code points, or a
 * vocabulary that was kept.
 */
export function characterTokenizer(source: string | readonly string[]): Tokenizer {
  const who = 'characterTokenizer';
  if (typeof source !== 'string' && !(Array.isArray(source) && source.every((token) => typeof token === 'string' && [...token].length === 1))) {
    throw new DataError(who, 'a text, or a vocabulary of single characters', show(source));
  }
  const vocabulary = typeof source === 'string' ? [...new Set(source)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!) : [...source];
  if (vocabulary.length === 0) throw new DataError(who, 'at least one character', show(source));
  const indices = new Map(vocabulary.map((token, index) => [token, index]));
  if (indices.size !== vocabulary.length) throw new DataError(who, 'each character once', show(source));
  return {
    vocabulary,
    size: vocabulary.length,
    encode: (text) => {
      if (typeof text !== 'string') throw new DataError('encode', 'a text', show(text));
      const tokens = [...text];
      return Uint32Array.from(tokens, (token, at) => {
        const index = indices.get(token);
        if (index === undefined) throw new DataError('encode', `characters among the ${vocabulary.length} of its vocabulary`, `${show(token)} at ${at}`);
        return index;
      });
    },
    decode: (tokens) => Array.from(tokens, (token, at) => {
      const character = vocabulary[token];
      if (character === undefined) throw new DataError('decode', `indices below ${vocabulary.length}`, `${show(token)} at ${at}`);
      return character;
    }).join(''),
  };
}

export interface WindowsOptions {
  /** Tokens in a window, ≥ 1. */
  readonly length: number;
  /** Tokens between the starts of two windows, ≥ 1. Default `length`: each token is in one window. */
  readonly stride?: number;
  /** Size of the vocabulary. */
  readonly classes: number;
  /** A name for people. Default 'windows'. */
  readonly name?: string;
}

/**
 * A corpus as examples for a language model: inputs are windows of tokens [length], and the target at each place is the token that
 * follows, [length] class indices. What is left at the end is too short for a window and stays out.
 * @throws DataError for a corpus without a whole window, or with tokens beyond the vocabulary.
 */
export function windows(tokens: Uint32Array | readonly number[], options: WindowsOptions): Dataset<Uint32Array> {
  const who = 'windows';
  checkOptionNames(who, options, ['length', 'stride', 'classes', 'name']);
  const length = checkNumber(who, 'length', options.length, { integer: true, min: 1 });
  const stride = checkNumber(who, 'stride', options.stride ?? length, { integer: true, min: 1 });
  const classes = checkNumber(who, 'classes', options.classes, { integer: true, min: 1 });
  const { name = 'windows' } = options;
  if (typeof name !== 'string') throw new OptionError(who, 'name to be text', show(name));
  if (!(tokens instanceof Uint32Array) && !Array.isArray(tokens)) throw new DataError(who, 'tokens as a Uint32Array or a list of integers', show(tokens));
  const bad = tokens.findIndex((token: number) => !(Number.isInteger(token) && token >= 0 && token < classes));
  if (bad >= 0) throw new DataError(who, `tokens below ${classes}`, `${show(tokens[bad])} at ${bad}`);
  const count = Math.floor((tokens.length - length - 1) / stride) + 1;
  if (!(count >= 1)) throw new DataError(who, `at least ${length + 1} tokens, a window and the one that follows`, String(tokens.length));
  const [inputs, targets] = [new Uint32Array(count * length), new Uint32Array(count * length)];
  for (let window = 0; window < count; window += 1) {
    for (let place = 0; place < length; place += 1) {
      inputs[window * length + place] = tokens[window * stride + place]!;
      targets[window * length + place] = tokens[window * stride + place + 1]!;
    }
  }
  return { name, length: count, inputs, inputShape: [length], targets, targetShape: [length], classes };
}
