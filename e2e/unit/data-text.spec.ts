import { expect, test } from 'playwright/test';
import { characterTokenizer, windows } from '../../src/data/text.ts';
import { checkDataset } from '../../src/data/check.ts';

const messageOf = (body: () => unknown): string => {
  try {
    body();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

test('characters become indices and back, whatever their code points', () => {
  const tokenizer = characterTokenizer('hello, wörld 👋');
  expect(tokenizer.size).toBe(11);
  expect(tokenizer.vocabulary).toEqual([' ', ',', 'd', 'e', 'h', 'l', 'o', 'r', 'w', 'ö', '👋']);
  expect([...tokenizer.encode('hell👋')]).toEqual([4, 3, 5, 5, 10]);
  expect(tokenizer.decode(tokenizer.encode('wörld 👋'))).toBe('wörld 👋');
  expect(characterTokenizer(tokenizer.vocabulary).decode([4, 3])).toBe('he');
  expect(messageOf(() => tokenizer.encode('hex'))).toBe('encode: needs characters among the 11 of its vocabulary, got "x" at 2.');
  expect(messageOf(() => tokenizer.decode([11]))).toBe('decode: needs indices below 11, got 11 at 0.');
  expect(messageOf(() => characterTokenizer(''))).toBe('characterTokenizer: needs at least one character, got "".');
  expect(messageOf(() => characterTokenizer(['ab']))).toBe('characterTokenizer: needs a text, or a vocabulary of single characters, got ["ab"].');
});

test('windows: the target at each place is the token that follows', () => {
  const tokens = [0, 1, 2, 3, 4, 5, 6, 7];
  const data = windows(tokens, { length: 3, classes: 8 });
  expect([...data.inputs]).toEqual([0, 1, 2, 3, 4, 5]);
  expect([...data.targets]).toEqual([1, 2, 3, 4, 5, 6]);
  expect(data).toMatchObject({ length: 2, inputShape: [3], targetShape: [3], classes: 8 });
  checkDataset(data, 'test');
  const close = windows(Uint32Array.from(tokens), { length: 3, stride: 1, classes: 8 });
  expect(close.length).toBe(5);
  expect([...close.inputs.subarray(12)]).toEqual([4, 5, 6]);
  expect([...close.targets.subarray(12)]).toEqual([5, 6, 7]);
  expect(messageOf(() => windows([0, 1, 2], { length: 3, classes: 8 }))).toBe('windows: needs at least 4 tokens, a window and the one that follows, got 3.');
  expect(messageOf(() => windows([0, 9], { length: 1, classes: 8 }))).toBe('windows: needs tokens below 8, got 9 at 1.');
  expect(messageOf(() => windows([0, 1], { length: 0, classes: 8 }))).toBe('windows: needs length to be an integer ≥ 1, got 0.');
});
