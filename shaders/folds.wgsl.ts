import { plain, type Fold } from './fold.ts';
import { wgsl } from './wgsl.ts';

/** Compilers may take a comparison with itself for true: the bits tell. */
export const IS_NOT_A_NUMBER = wgsl`
fn isNotANumber(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
`;

/** Largest or smallest number and how many share it: a gradient is shared by them. A NaN wins over every number. */
const extremum = (formula: Fold['formula'], compare: '<' | '>', term = 'value'): Fold => ({
  formula, state: 'State', initial: 'State(0.0, 0.0)', fields: ['value', 'ties'],
  functions: wgsl`
${IS_NOT_A_NUMBER}
struct State {
  value: f32,
  // How many terms have this value; 0 before the first.
  ties: f32,
}

fn join(a: State, b: State) -> State {
  if (b.ties > 0.0 && (a.ties == 0.0 || b.value ${compare} a.value || isNotANumber(b.value))) {
    return b;
  }
  return State(a.value, a.ties + select(0.0, b.ties, b.value == a.value));
}
`,
  add: (state) => `${state} = join(${state}, State(${term}, 1.0));`,
  join: (state, other) => `${state} = join(${state}, ${other});`,
  results: { out: (state) => `${state}.value`, ties: (state) => `${state}.ties` },
});

/** Where the largest or smallest number stands; the first of equal ones. A NaN wins over every number. */
const place = (formula: Fold['formula'], compare: '<' | '>'): Fold => ({
  formula, state: 'State', initial: 'State(0.0, NONE)', fields: ['value', 'place'],
  functions: wgsl`
${IS_NOT_A_NUMBER}
const NONE = 0xffffffffu;

struct State {
  value: f32,
  // Its place along the folded axes; NONE before the first term.
  place: u32,
}

fn join(a: State, b: State) -> State {
  if (b.place != NONE && (a.place == NONE || b.value ${compare} a.value || (isNotANumber(b.value) && !isNotANumber(a.value)))) {
    return b;
  }
  if (b.place < a.place && b.value == a.value) {
    return b;
  }
  return a;
}
`,
  add: (state) => `${state} = join(${state}, State(value, i));`,
  join: (state, other) => `${state} = join(${state}, ${other});`,
  results: { out: (state) => `f32(${state}.place)` },
});

/** Every fold by name but the sum. */
export const FOLDS = {
  prod: /* @__PURE__ */ plain((x) => `Π ${x}`, '1.0', '*'),
  norm1: /* @__PURE__ */ plain((x) => `Σ |${x}|`, '0.0', '+', 'abs(value)'),
  norm2: /* @__PURE__ */ plain((x) => `√(Σ (${x})²)`, '0.0', '+', 'value * value', (state) => `sqrt(${state})`),
  normInfinity: /* @__PURE__ */ extremum((x) => `max |${x}|`, '>', 'abs(value)'),
  max: /* @__PURE__ */ extremum((x) => `max ${x}`, '>'),
  min: /* @__PURE__ */ extremum((x) => `min ${x}`, '<'),
  argMax: /* @__PURE__ */ place((x) => `the place of max ${x}`, '>'),
  argMin: /* @__PURE__ */ place((x) => `the place of min ${x}`, '<'),

  logSumExp: {
    formula: (x) => `log Σ e^${x}`, state: 'State', initial: 'State(-0x1.fffffep+127, 0.0)', fields: ['largest', 'total'],
    functions: wgsl`
struct State {
  largest: f32,
  // Σ e^(x - largest), made smaller whenever a larger number comes: no exponential overflows, and each term is read once.
  total: f32,
}

fn join(a: State, b: State) -> State {
  let smaller = exp(-abs(b.largest - a.largest));
  return State(max(a.largest, b.largest), select(a.total + b.total * smaller, a.total * smaller + b.total, b.largest > a.largest));
}
`,
    add: (state) => `${state} = join(${state}, State(value, 1.0));`,
    join: (state, other) => `${state} = join(${state}, ${other});`,
    // NaN stays what it is: of it log may make a number.
    results: { out: (state) => `${state}.largest + select(${state}.total, log(${state}.total), ${state}.total >= 0.0)` },
  },

  /** Welford's recurrence (Technometrics 4, 1962), joined as by Chan, Golub and LeVeque (1979): one reading, nothing cancels. */
  variance: {
    formula: (x) => `Σ (${x} - mean)²`, state: 'State', initial: 'State(0.0, 0.0, 0.0)', fields: ['count', 'mean', 'squares'],
    functions: wgsl`
struct State {
  count: f32,
  mean: f32,
  // Σ (x - mean)² of the terms so far.
  squares: f32,
}

fn add(a: State, value: f32) -> State {
  let count = a.count + 1.0;
  let before = value - a.mean;
  let mean = a.mean + before / count;
  return State(count, mean, a.squares + before * (value - mean));
}

fn join(a: State, b: State) -> State {
  let count = max(a.count + b.count, 1.0);
  let share = b.count / count;
  let distance = b.mean - a.mean;
  return State(a.count + b.count, a.mean + distance * share, a.squares + b.squares + distance * distance * a.count * share);
}
`,
    add: (state) => `${state} = add(${state}, value);`,
    join: (state, other) => `${state} = join(${state}, ${other});`,
    results: { out: (state) => `${state}.squares`, mean: (state) => `${state}.mean` },
  },
} satisfies Readonly<Record<string, Fold>>;

export type FoldName = keyof typeof FOLDS | 'sum';
