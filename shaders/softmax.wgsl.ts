import { foldNamed } from './fold.ts';
import { arrayType, laneKernel, type Kernel } from './kernel.ts';
import { onlineRow, readRow, rowLoops, sumOfParts, type RowsSpec } from './rows.wgsl.ts';
import { joinInSubgroups, togetherKernel, type Joined, type Together } from './together.wgsl.ts';
import { times, wgsl } from './wgsl.ts';

/** Softmax over the middle axis of [outer, size, inner], or its logarithm. A row is what adds up to 1, wherever its elements stand. */
export interface SoftmaxSpec extends RowsSpec {
  readonly log: boolean;
}

/** Lanes of the cooperative variants. */
const SOFTMAX_LANES = 64;
/** Results that are left after one step of joining. */
const SOFTMAX_JOINED = 8;

function rowParts({ outer, size, inner, log }: SoftmaxSpec) {
  return {
    rows: outer * inner,
    name: log ? 'log-softmax' : 'softmax',
    type: arrayType(outer * size * inner),
    start: (row: string): string => (inner === 1 ? times(row, size) : `(${row} / ${inner}u) * ${size * inner}u + ${row} % ${inner}u`),
    place: inner === 1 ? 'start + i' : `start + i * ${inner}u`,
  };
}

function forwardParts(spec: SoftmaxSpec) {
  const { type, ...parts } = rowParts(spec);
  const bindings = (stored: string) => [{ name: 'x', access: 'read', type: stored }, { name: 'out', access: 'write', type: stored }] as const;
  return {
    ...parts,
    bindings,
    formula: spec.log ? 'out = x - max - log Σ e^(x - max) over each row' : 'out = e^(x - max) / Σ e^(x - max) over each row',
    declarations: bindings(type),
    // One reading makes both numbers of a row: the sum shrinks whenever a larger number comes.
    functions: wgsl`
struct Row {
  largest: f32,
  // Σ e^(x - largest) of the elements so far.
  total: f32,
}

fn join(a: Row, b: Row) -> Row {
  let smaller = exp(-abs(b.largest - a.largest));
  return Row(max(a.largest, b.largest), select(a.total + b.total * smaller, a.total * smaller + b.total, b.largest > a.largest));
}
`,
    joined: { state: 'Row', initial: 'Row(-0x1.fffffep+127, 0.0)', join: (into, other) => `${into} = join(${into}, ${other});`, fields: ['largest', 'total'] } satisfies Joined,
    finish: (row: string): string => (spec.log ? `let logarithm = log(${row}.total);` : `let scale = 1.0 / ${row}.total;`),
    value: (row: string): string => (spec.log ? `(x[place] - ${row}.largest) - logarithm` : `exp(x[place] - ${row}.largest) * scale`),
  };
}

/** One lane makes one row, or four that lie across, and reads it twice. */
export function softmax(spec: SoftmaxSpec): Kernel {
  const { name, formula, bindings } = forwardParts(spec);
  const loops = rowLoops(spec);
  return laneKernel({
    name: `${name}/row`,
    formula,
    declarations: bindings(loops.type),
    functions: `${loops.alias}\n\n${onlineRow}`,
    count: loops.lanes,
    body: wgsl`
let start = ${loops.start('lane')};
  ${readRow(loops)}
#if ${spec.log}
  let logarithm = log(total);
#else
  let scale = 1.0 / total;
#endif
  for (var i = 0u; i < ${loops.terms}u; i++) {
    let place = ${loops.place};
    out[place] = ${spec.log ? '(x[place] - largest) - logarithm' : 'exp(x[place] - largest) * scale'};
  }`,
  });
}

/** One workgroup makes one row: neighbouring lanes read neighbouring elements. */
export function softmaxTogether(spec: SoftmaxSpec, how: Together): Kernel {
  const { rows, start, place, joined, finish, value, functions, bindings: _, ...parts } = forwardParts(spec);
  return togetherKernel(how, {
    ...parts,
    functions: `${functions}\nvar<workgroup> partials: array<Row, ${SOFTMAX_LANES}>;`,
    workgroupSize: SOFTMAX_LANES,
    count: rows,
    body: wgsl`
let start = ${start(`min(group, ${rows - 1}u)`)};
  var partial = ${joined.initial};
  for (var i = lane; i < ${spec.size}u; i += ${SOFTMAX_LANES}u) {
    partial = join(partial, Row(x[${place}], 1.0));
  }
  partials[lane] = partial;
  workgroupBarrier();
  ${joinedText(joined, how, 'row')}
  ${finish('row')}
  if (group < ${rows}u) {
    for (var i = lane; i < ${spec.size}u; i += ${SOFTMAX_LANES}u) {
      let place = ${place};
      out[place] = ${value('row')};
    }
  }`,
  });
}

/** Joins what the lanes have made, in subgroups or in two steps: afterwards all of them know the whole. */
const joinedText = (joined: Joined, how: Together, total: string): string => (how === 'subgroup' ? joinInSubgroups(joined, SOFTMAX_LANES, 'partials', total) : wgsl`
if (lane < ${SOFTMAX_JOINED}u) {
    for (var other = lane + ${SOFTMAX_JOINED}u; other < ${SOFTMAX_LANES}u; other += ${SOFTMAX_JOINED}u) {
      ${joined.join('partials[lane]', 'partials[other]')}
    }
  }
  workgroupBarrier();
  var ${total} = partials[0];
  for (var other = 1u; other < ${SOFTMAX_JOINED}u; other++) {
    ${joined.join(total, 'partials[other]')}
  }`.trim());

function backwardParts(spec: SoftmaxSpec) {
  const { type, name, ...parts } = rowParts(spec);
  const bindings = (stored: string) => [
    { name: 'dout', access: 'read', type: stored }, { name: 'y', access: 'read', type: stored }, { name: 'dx', access: 'write', type: stored },
  ] as const;
  return {
    ...parts,
    bindings,
    name: `${name}-backward`,
    formula: spec.log ? 'dx = dout - e^y · Σ dout over each row' : 'dx = y · (dout - Σ dout · y) over each row',
    declarations: bindings(type),
    term: spec.log ? `dout[${parts.place}]` : `dout[${parts.place}] * y[${parts.place}]`,
    value: (inner: string): string => (spec.log ? `dout[place] - exp(y[place]) * ${inner}` : `y[place] * (dout[place] - ${inner})`),
  };
}

/** One lane makes one row of the input's gradient, or four that lie across. */
export function softmaxBackward(spec: SoftmaxSpec): Kernel {
  const { name, formula, bindings } = backwardParts(spec);
  const loops = rowLoops(spec);
  return laneKernel({
    name: `${name}/row`,
    formula,
    declarations: bindings(loops.type),
    functions: loops.alias,
    count: loops.lanes,
    body: wgsl`
let start = ${loops.start('lane')};
  var parts = Value(0.0);
  for (var i = 0u; i < ${loops.terms}u; i++) {
    let place = ${loops.place};
    parts += ${spec.log ? 'dout[place]' : 'dout[place] * y[place]'};
  }
  let inner = ${sumOfParts(loops, 'parts')};
  for (var i = 0u; i < ${loops.terms}u; i++) {
    let place = ${loops.place};
    dx[place] = ${spec.log ? 'dout[place] - exp(y[place]) * inner' : 'y[place] * (dout[place] - inner)'};
  }`,
  });
}

/** One workgroup makes one row of the input's gradient. */
export function softmaxBackwardTogether(spec: SoftmaxSpec, how: Together): Kernel {
  const { rows, start, place, term, value, bindings: _, ...parts } = backwardParts(spec);
  return togetherKernel(how, {
    ...parts,
    functions: `var<workgroup> partials: array<f32, ${SOFTMAX_LANES}>;`,
    workgroupSize: SOFTMAX_LANES,
    count: rows,
    body: wgsl`
let start = ${start(`min(group, ${rows - 1}u)`)};
  var partial = 0.0;
  for (var i = lane; i < ${spec.size}u; i += ${SOFTMAX_LANES}u) {
    partial += ${term};
  }
  partials[lane] = partial;
  workgroupBarrier();
  ${joinedText(foldNamed('sum'), how, 'inner')}
  if (group < ${rows}u) {
    for (var i = lane; i < ${spec.size}u; i += ${SOFTMAX_LANES}u) {
      let place = ${place};
      dx[place] = ${value('inner')};
    }
  }`,
  });
}
