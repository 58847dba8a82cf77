/** Plain data as JSON can hold it: numbers that JSON lacks as the strings NaN, Infinity and -Infinity. */
export function plainJson<Data>(data: Data): Data {
  return JSON.parse(JSON.stringify(data, (_, value: unknown) =>
    (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value))) as Data;
}
