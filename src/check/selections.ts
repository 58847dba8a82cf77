/** Which terms of a sum count, and how often. */
export interface Selection {
  readonly weight: (term: number) => number;
  readonly text: string;
}

/** Sizes of tiles and workgroups that loops go by. */
const TILES = [2, 4, 8, 16, 32, 64, 128, 256];

/** The ways in which loops over `count` terms go wrong: too short, with a stride, or with terms that count twice. */
export function* selections(count: number): Generator<Selection> {
  const n = count;
  for (let first = 1; first < n; first++) {
    yield { weight: (r) => (r >= first ? 1 : 0), text: `leaves out the first ${first === 1 ? 'of' : `${first} of`} ${n}` };
    yield { weight: (r) => (r < n - first ? 1 : 0), text: `leaves out the last ${first === 1 ? 'of' : `${first} of`} ${n}` };
  }
  for (let step = 2; step <= n; step++) {
    for (let at = 0; at < step; at++) {
      const is = (r: number): boolean => r % step === at;
      const which = step === n ? `term ${at} of ${n}` : `every ${step}. term from ${at}`;
      yield { weight: (r) => (is(r) ? 1 : 0), text: `takes only ${which}` };
      yield { weight: (r) => (is(r) ? 0 : 1), text: `leaves out ${which}` };
      yield { weight: (r) => (is(r) ? 2 : 1), text: `counts ${which} twice` };
    }
    yield { weight: (r) => (r % step === step - 1 || r === n - 1 ? 1 : 0), text: `takes only the last of each ${step} terms` };
  }
  for (const tile of TILES) {
    if (tile >= n) break;
    for (const odd of [0, 1]) yield { weight: (r) => (Math.floor(r / tile) % 2 === odd ? 1 : 0), text: `takes only every second ${tile} terms` };
    const start = tile * Math.floor((n - 1) / tile);
    yield { weight: (r) => (r >= start ? 2 : 1), text: `counts the last ${n - start} terms twice` };
    yield { weight: (r) => (r >= start ? 1 : 0), text: `takes only the last ${n - start} terms` };
    if (start + tile > n) yield { weight: (r) => (r === n - 1 ? 1 + start + tile - n : 1), text: `counts the last term ${1 + start + tile - n} times` };
    for (let chunk = 0; chunk * tile < n; chunk++) {
      const inside = (r: number): boolean => Math.floor(r / tile) === chunk;
      yield { weight: (r) => (inside(r) ? 1 : 0), text: `takes only the terms ${chunk * tile} to ${Math.min(n, (chunk + 1) * tile) - 1}` };
      yield { weight: (r) => (inside(r) ? 0 : 1), text: `leaves out the terms ${chunk * tile} to ${Math.min(n, (chunk + 1) * tile) - 1}` };
      yield { weight: (r) => (inside(r) ? 2 : 1), text: `counts the terms ${chunk * tile} to ${Math.min(n, (chunk + 1) * tile) - 1} twice` };
    }
  }
  yield { weight: (r) => (r === 0 ? n : 0), text: 'takes the first term every time' };
  yield { weight: (r) => (r === n - 1 ? n : 0), text: 'takes the last term every time' };
  yield { weight: () => 0, text: 'takes no term at all' };
}
