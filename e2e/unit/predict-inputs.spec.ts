import { expect, test } from 'playwright/test';
import { checkInputs } from '../../src/nn/examples.ts';

const messageOf = (rows: unknown, inputType: 'f32' | 'u32' = 'f32'): string => {
  try {
    return String(checkInputs('predict', rows as number[][], { inputShape: [2], inputType, inputClasses: undefined }));
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
};

test('rows to predict hold numbers: nothing else is made into one', () => {
  expect(messageOf([[1, 2], [-3, 0.5]])).toBe('1,2,-3,0.5');
  for (const [cell, shown] of [[null, 'null'], ['', '""'], [true, 'true'], ['3', '"3"'], [[7], '[7]'], [undefined, 'undefined'], [new Date(0), 'Date']] as const) {
    expect(messageOf([[1, 2], [3, cell]])).toBe(`DataError: predict: needs numbers as inputs, got ${shown} in row 1, column 1.`);
    expect(messageOf([[1, 2], [3, cell]], 'u32')).toBe(`DataError: predict: needs indices: integers from 0, got ${shown} in row 1.`);
  }
  // A hole is no number either, and moves no other to its place.
  const holes: number[] = [];
  holes[1] = 5;
  expect(messageOf([holes, [1, 2]])).toBe('DataError: predict: needs numbers as inputs, got undefined in row 0, column 0.');
  expect(messageOf([[1, NaN]])).toContain('finite inputs, got NaN in row 0, column 1');
});
