import { fourStarts, keyScores, lastKey, loadTile, ownQuery, ownTile, tileChunk, tileRows } from './attention.wgsl.ts';
import {
  addRows, chunkFunction, chunks, chunkText, dots, each, fourFrom, inputDeclaration, maskDeclaration, maskedScores, maskFunction, matrixStart, rowStart,
  storeDeclaration, storeRow, TILE_LANES, type AttentionBackwardSpec,
} from './attention-parts.wgsl.ts';
import { laneKernel, workgroupKernel, type Declaration, type Kernel } from './kernel.ts';
import { float, lines, wgsl } from './wgsl.ts';

type Chunk = (row: number, chunk: number) => string;

/**
 * What every row of queries knows when its gradient starts: (max z, 1 / Σ e^(z − max z), dout · out, 0), so that p and dz are made
 * again where they are needed, and no matrix of queries by keys is ever stored.
 */
const rowsType = ({ matrices, queries }: AttentionBackwardSpec): string => `array<vec4f, ${matrices * queries}>`;

const readInputs = (spec: AttentionBackwardSpec): Declaration[] => [
  inputDeclaration('query', spec.query), inputDeclaration('key', spec.key), inputDeclaration('value', spec.value), ...maskDeclaration(spec),
  inputDeclaration('dout', spec.dout),
];

/** dout · out for one row, whose dout stands in registers. */
const rowDot = ({ dout }: AttentionBackwardSpec): string => wgsl`
var inner = 0.0;
  ${each(dout, (j) => `inner += dot(dout${j}, ${chunkText('out', outInput(dout.columns), 'startOut', j)});`)}`.trim();

/** out and its like have no gaps: a row starts at row · columns. */
const outInput = (columns: number) => ({ matrixTerms: [], offset: 0, rowStride: columns, columns, size: columns });
const outStart = (columns: number): string => `row * ${columns % 4 === 0 ? columns / 4 : columns}u`;

const ownDout = ({ dout }: AttentionBackwardSpec): string => wgsl`
let startDout = ${rowStart(dout, matrixStart(dout, 'matrix'), 't')};
  ${each(dout, (j) => `let dout${j} = ${chunkText('dout', dout, 'startDout', j)};`)}`.trim();

/** rows = (max z, 1 / Σ e^(z − max z), dout · out, 0): one lane for each row of queries. */
export function attentionRowDots(spec: AttentionBackwardSpec): Kernel {
  const { matrices, queries, dout } = spec;
  const count = matrices * queries;
  return laneKernel({
    name: 'attention-row-dots/row',
    formula: 'rows = (statistics, dout · out, 0)',
    declarations: [
      { name: 'out', access: 'read', type: storeDeclaration('out', count, dout.columns).type }, inputDeclaration('dout', dout),
      { name: 'statistics', access: 'read', type: `array<vec2f, ${count}>` }, { name: 'rows', access: 'write', type: `array<vec4f, ${count}>` },
    ],
    count,
    body: wgsl`
let row = lane;
  let matrix = row / ${queries}u;
  let t = row % ${queries}u;
  ${ownDout(spec)}
  let startOut = ${outStart(dout.columns)};
  ${rowDot(spec)}
  rows[row] = vec4f(statistics[row], inner, 0.0);`,
  });
}

/** With `makesRows`, this kernel makes what the others know of a row; else it reads it. */
export interface QueryGradientSpec extends AttentionBackwardSpec {
  readonly makesRows: boolean;
}

function queryDeclarations(spec: QueryGradientSpec): Declaration[] {
  const count = spec.matrices * spec.queries;
  return [
    ...readInputs(spec),
    ...(spec.makesRows ? [
      { name: 'out', access: 'read', type: storeDeclaration('out', count, spec.dout.columns).type },
      { name: 'statistics', access: 'read', type: `array<vec2f, ${count}>` },
    ] as const : [{ name: 'rows', access: 'read', type: rowsType(spec) }] as const),
    storeDeclaration('dquery', count, spec.query.columns),
    ...(spec.makesRows ? [{ name: 'rows', access: 'write', type: rowsType(spec) } as const] : []),
  ];
}

const QUERY_FORMULA = 'dquery = scale · Σ over s of dz[s] · k[s], dz = p · (dout · v[s] - dout · out)';

const beginQuery = (spec: QueryGradientSpec): string => wgsl`
${ownQuery(spec)}
  ${ownDout(spec)}
#if ${spec.makesRows}
  let startOut = ${outStart(spec.dout.columns)};
  ${rowDot(spec)}
  let known = vec4f(statistics[row], inner, 0.0);
#else
  let known = rows[row];
#endif
  ${each(spec.query, (i) => `var sum${i} = vec4f(0.0);`)}`.trim();

const fourKeys = (spec: QueryGradientSpec, key: Chunk, value: Chunk): string => wgsl`
${keyScores(spec, key)}
    let weight = select(exp(score - known.x) * known.y, vec4f(0.0), hidden);
    ${dots(spec.value, 'slope', 'dout', value)}
    let change = weight * (slope - known.z);
    ${addRows(spec.query, 'sum', 'change', key)}`.trim();

const finishQuery = (spec: QueryGradientSpec): string => wgsl`
${each(spec.query, (i) => `sum${i} *= ${float(spec.scale)};`)}
  ${storeRow('dquery', spec.query.columns, 'row', 'sum')}
#if ${spec.makesRows}
  rows[row] = known;
#endif`.trim();

/** One lane makes the gradient of one row of queries. */
export function queryGradientRows(spec: QueryGradientSpec): Kernel {
  const { matrices, queries, keys, key, value } = spec;
  return laneKernel({
    name: 'attention-query-gradient/rows',
    formula: QUERY_FORMULA,
    declarations: queryDeclarations(spec),
    functions: maskFunction(spec),
    count: matrices * queries,
    body: wgsl`
let row = lane;
  let matrix = row / ${queries}u;
  let t = row % ${queries}u;
  ${beginQuery(spec)}
  for (var s = 0u; s < end; s += 4u) {
    ${fourStarts('key', key, 'startKey', 's', keys)}
    ${fourStarts('value', value, 'startValue', 's', keys)}
    ${fourKeys(spec, (c, i) => chunkText('key', key, `key${c}`, i), (c, i) => chunkText('value', value, `value${c}`, i))}
  }
  ${finishQuery(spec)}`,
  });
}

/** A workgroup makes the gradients of 64 rows of queries, one for each lane, with keys and values through workgroup memory. */
export function queryGradientTiles(spec: QueryGradientSpec): Kernel {
  const { key, value, keys } = spec;
  const rows = tileRows(key, value);
  const own = ownTile(spec);
  return workgroupKernel({
    name: 'attention-query-gradient/tiles',
    formula: QUERY_FORMULA,
    declarations: queryDeclarations(spec),
    functions: `${maskFunction(spec)}
${chunkFunction('key', key)}
${chunkFunction('value', value)}
var<workgroup> keyTile: array<vec4f, ${rows * chunks(key)}>;
var<workgroup> valueTile: array<vec4f, ${rows * chunks(value)}>;`,
    workgroupSize: TILE_LANES,
    count: own.count,
    body: wgsl`
${own.text}
  ${beginQuery(spec)}
  for (var first = 0u; first < ${lastKey(spec)}; first += ${rows}u) {
    ${loadTile('key', key, 'startKey', rows, keys)}
    ${loadTile('value', value, 'startValue', rows, keys)}
    workgroupBarrier();
    for (var j = 0u; j < ${rows}u; j += 4u) {
      let s = first + j;
      ${fourKeys(spec, tileChunk('key', key), tileChunk('value', value))}
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  if (isOwn) {
  ${finishQuery(spec)}
  }`,
  });
}

const KEY_FORMULA = 'dvalue[s] = Σ over t of p · dout[t]; dkey[s] = scale · Σ over t of dz · q[t], dz = p · (dout[t] · v[s] - dout[t] · out[t])';

function keyDeclarations(spec: AttentionBackwardSpec): Declaration[] {
  const count = (spec.matrices / spec.group) * spec.keys;
  return [
    ...readInputs(spec), { name: 'rows', access: 'read', type: rowsType(spec) },
    storeDeclaration('dkey', count, spec.key.columns), storeDeclaration('dvalue', count, spec.value.columns),
  ];
}

/** The row that a lane owns: of keys and of values. */
const beginKey = ({ key, value }: AttentionBackwardSpec): string => wgsl`
let startKey = ${rowStart(key, matrixStart(key, 'own'), 's')};
  let startValue = ${rowStart(value, matrixStart(value, 'own'), 's')};
  ${each(key, (i) => `let key${i} = ${chunkText('key', key, 'startKey', i)};`)}
  ${each(value, (j) => `let value${j} = ${chunkText('value', value, 'startValue', j)};`)}
  ${each(key, (i) => `var sum${i} = vec4f(0.0);`)}
  ${each(value, (j) => `var weighted${j} = vec4f(0.0);`)}`.trim();

/** The heads that share these keys, one after the other. */
const beginMember = (spec: AttentionBackwardSpec): string => wgsl`
let matrix = own * ${spec.group}u + member;
    let startQuery = ${matrixStart(spec.query, 'matrix')};
    let startDout = ${matrixStart(spec.dout, 'matrix')};`.trim();

/** Four more rows of queries, from t on, of which those are hidden that `unseen` says; `known` is text of what is known of row c. */
function fourQueries(spec: AttentionBackwardSpec, unseen: string, query: Chunk, dout: Chunk, known: (row: number) => string): string {
  const { queries } = spec;
  const row = (c: number): string => `matrix * ${queries}u + ${c === 0 ? 't' : `min(t + ${c}u, ${queries - 1}u)`}`;
  const component = (letter: string): string => [0, 1, 2, 3].map((c) => `known${c}.${letter}`).join(', ');
  return wgsl`
${dots(spec.key, 'score', 'key', query)}
    ${maskedScores(spec, unseen, row, () => 's')}
    ${lines(4, (c) => `let known${c} = ${known(c)};`, '    ')}
    let weight = select(exp(score - vec4f(${component('x')})) * vec4f(${component('y')}), vec4f(0.0), hidden);
    ${dots(spec.value, 'slope', 'value', dout)}
    let change = weight * (slope - vec4f(${component('z')}));
    ${addRows(spec.value, 'weighted', 'weight', dout)}
    ${addRows(spec.key, 'sum', 'change', query)}`.trim();
}

const finishKey = ({ key, value, scale }: AttentionBackwardSpec): string => wgsl`
${each(key, (i) => `sum${i} *= ${float(scale)};`)}
  ${storeRow('dkey', key.columns, 'row', 'sum')}
  ${storeRow('dvalue', value.columns, 'row', 'weighted')}`.trim();

/** One lane makes the gradients of one row of keys and values, over all rows of queries of the heads that share them. */
export function keyGradientRows(spec: AttentionBackwardSpec): Kernel {
  const { matrices, group, queries, keys, causal, query, dout } = spec;
  const beyond = `(${fourFrom('t')} >= vec4u(${queries}u))`;
  return laneKernel({
    name: 'attention-key-gradient/rows',
    formula: KEY_FORMULA,
    declarations: keyDeclarations(spec),
    functions: maskFunction(spec),
    count: (matrices / group) * keys,
    body: wgsl`
let row = lane;
  let own = row / ${keys}u;
  let s = row % ${keys}u;
  ${beginKey(spec)}
  for (var member = 0u; member < ${group}u; member++) {
    ${beginMember(spec)}
    for (var t = ${causal ? 's' : '0u'}; t < ${queries}u; t += 4u) {
    ${fourStarts('query', query, 'startQuery', 't', queries)}
    ${fourStarts('dout', dout, 'startDout', 't', queries)}
    ${fourQueries(spec, beyond, (c, i) => chunkText('query', query, `query${c}`, i), (c, j) => chunkText('dout', dout, `dout${c}`, j),
      (c) => `rows[matrix * ${queries}u + ${c === 0 ? 't' : `min(t + ${c}u, ${queries - 1}u)`}]`)}
    }
  }
  ${finishKey(spec)}`,
  });
}

/** A workgroup makes the gradients of 64 rows of keys and values, one for each lane; queries and dout come through workgroup memory. */
export function keyGradientTiles(spec: AttentionBackwardSpec): Kernel {
  const { matrices, group, queries, keys, causal, query, dout } = spec;
  const rows = tileRows(query, dout, 1);
  const tiles = Math.ceil(keys / TILE_LANES);
  const count = (matrices / group) * tiles;
  const beyond = `(${fourFrom('t')} >= vec4u(${queries}u))`;
  return workgroupKernel({
    name: 'attention-key-gradient/tiles',
    formula: KEY_FORMULA,
    declarations: keyDeclarations(spec),
    functions: `${maskFunction(spec)}
${chunkFunction('query', query)}
${chunkFunction('dout', dout)}
var<workgroup> queryTile: array<vec4f, ${rows * chunks(query)}>;
var<workgroup> doutTile: array<vec4f, ${rows * chunks(dout)}>;
var<workgroup> rowTile: array<vec4f, ${rows}>;`,
    workgroupSize: TILE_LANES,
    count,
    body: wgsl`
// Lanes beyond the last row do its work again, because all must come to the barriers; they store nothing.
  let tile = min(group, ${count - 1}u);
  let own = tile / ${tiles}u;
  let firstOwn = (tile % ${tiles}u) * ${TILE_LANES}u;
  let isOwn = group < ${count}u && firstOwn + lane < ${keys}u;
  let s = min(firstOwn + lane, ${keys - 1}u);
  let row = own * ${keys}u + s;
  ${beginKey(spec)}
  for (var member = 0u; member < ${group}u; member++) {
    ${beginMember(spec)}
    for (var first = ${causal ? 'firstOwn' : '0u'}; first < ${queries}u; first += ${rows}u) {
    ${loadTile('query', query, 'startQuery', rows, queries)}
    ${loadTile('dout', dout, 'startDout', rows, queries)}
    if (lane < ${rows}u) {
      rowTile[lane] = rows[matrix * ${queries}u + min(first + lane, ${queries - 1}u)];
    }
    workgroupBarrier();
    for (var j = 0u; j < ${rows}u; j += 4u) {
      let t = first + j;
      ${fourQueries(spec, causal ? `(${beyond} | (${fourFrom('t')} < vec4u(s)))` : beyond, tileChunk('query', query), tileChunk('dout', dout), (c) => `rowTile[j + ${c}u]`)}
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
    }
  }
  if (isOwn) {
  ${finishKey(spec)}
  }`,
  });
}
