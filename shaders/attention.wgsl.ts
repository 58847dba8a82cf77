import {
  addRows, chunkFunction, chunks, chunkText, dots, each, fourFrom, inputDeclaration, LOWEST, maskDeclaration, maskedScores, maskFunction, matrixStart,
  rowStart, sharedMatrix, storeDeclaration, storeRow, TILE_LANES, type AttentionInput, type AttentionSpec,
} from './attention-parts.wgsl.ts';
import { laneKernel, workgroupKernel, type Declaration, type Kernel } from './kernel.ts';
import { lines, plus, wgsl } from './wgsl.ts';

/** Bytes of workgroup memory that every device has. */
const WORKGROUP_BYTES = 16_384;

/** Rows of two inputs, with `more` chunks beside each, that fit into workgroup memory: at most 32, a multiple of 4; 0 where not even four do. */
export function tileRows(a: AttentionInput, b: AttentionInput, more = 0): number {
  return [32, 16, 8, 4].find((rows) => rows * (chunks(a) + chunks(b) + more) * 16 <= WORKGROUP_BYTES) ?? 0;
}

/** What a lane knows that owns row `t` of the queries of `matrix`. */
export function ownQuery(spec: AttentionSpec): string {
  const { query } = spec;
  const shared = sharedMatrix(spec);
  return wgsl`
let startQuery = ${rowStart(query, matrixStart(query, 'matrix'), 't')};
  ${each(query, (i) => `let query${i} = ${chunkText('query', query, 'startQuery', i)};`)}
  let startKey = ${matrixStart(spec.key, shared)};
  let startValue = ${matrixStart(spec.value, shared)};
  let end = ${spec.causal ? `min(t + 1u, ${spec.keys}u)` : `${spec.keys}u`};`.trim();
}

/** Where the four keys from s on start, of which the last ones repeat the last key. */
export function fourStarts(name: string, input: AttentionInput, start: string, first: string, count: number): string {
  return lines(4, (c) => `let ${name}${c} = ${rowStart(input, start, c === 0 ? first : `min(${first} + ${c}u, ${count - 1}u)`)};`);
}

/** The four scores of keys from s on, by query rows in registers. */
export function keyScores(spec: AttentionSpec, other: (row: number, chunk: number) => string): string {
  const column = (c: number): string => (c === 0 ? 's' : `min(s + ${c}u, ${spec.keys - 1}u)`);
  return `${dots(spec.query, 'score', 'query', other)}
    ${maskedScores(spec, `(${fourFrom('s')} >= vec4u(end))`, () => 'row', column)}`;
}

/** Four more keys: the largest score so far, and what was added up with a smaller one made smaller. */
function fourKeys(spec: AttentionSpec, key: (row: number, chunk: number) => string, value: (row: number, chunk: number) => string): string {
  return wgsl`
${keyScores(spec, key)}
    score = select(score, vec4f(${LOWEST}), hidden);
    let next = max(largest, max(max(score.x, score.y), max(score.z, score.w)));
    let shrink = exp(max(largest - next, -87.0));
    let weight = select(exp(score - next), vec4f(0.0), hidden);
    total = total * shrink + dot(weight, vec4f(1.0));
    ${addRows(spec.value, 'sum', 'weight', value, 'shrink')}
    largest = next;`.trim();
}

const FORMULA = 'out = Σ over s of p · v[s], p = e^(z[s] - max z) / Σ e^(z - max z), z[s] = scale · q · k[s] + mask; statistics = (max z, 1 / Σ e^(z - max z))';

function declarations(spec: AttentionSpec): Declaration[] {
  const rows = spec.matrices * spec.queries;
  return [
    inputDeclaration('query', spec.query), inputDeclaration('key', spec.key), inputDeclaration('value', spec.value), ...maskDeclaration(spec),
    storeDeclaration('out', rows, spec.value.columns),
    { name: 'statistics', access: 'write', type: `array<vec2f, ${rows}>` },
  ];
}

const begin = ({ value }: AttentionSpec): string => wgsl`
  ${each(value, (j) => `var sum${j} = vec4f(0.0);`)}
  var total = 0.0;
  var largest = ${LOWEST};`.trim();

/** A row that sees no key is 0. */
const finish = ({ value }: AttentionSpec): string => wgsl`
let inverse = select(0.0, 1.0 / total, total > 0.0);
  ${each(value, (j) => `sum${j} *= inverse;`)}
  ${storeRow('out', value.columns, 'row', 'sum')}
  statistics[row] = vec2f(largest, inverse);`.trim();

/** One lane makes one row, over all keys one after the other, four at a time, with the largest score so far subtracted. */
export function attentionRows(spec: AttentionSpec): Kernel {
  const { matrices, queries, keys } = spec;
  return laneKernel({
    name: 'attention/rows',
    formula: FORMULA,
    declarations: declarations(spec),
    functions: maskFunction(spec),
    count: matrices * queries,
    body: wgsl`
let row = lane;
  let matrix = row / ${queries}u;
  let t = row % ${queries}u;
  ${ownQuery(spec)}
  ${begin(spec)}
  for (var s = 0u; s < end; s += 4u) {
    ${fourStarts('key', spec.key, 'startKey', 's', keys)}
    ${fourStarts('value', spec.value, 'startValue', 's', keys)}
    ${fourKeys(spec, (c, i) => chunkText('key', spec.key, `key${c}`, i), (c, i) => chunkText('value', spec.value, `value${c}`, i))}
  }
  ${finish(spec)}`,
  });
}

/** Text that loads a tile of rows of an input, from row `first` of the matrix at `start` on, one chunk for each lane at a time. */
export function loadTile(name: string, input: AttentionInput, start: string, rows: number, count: number): string {
  return wgsl`
for (var at = lane; at < ${rows * chunks(input)}u; at += ${TILE_LANES}u) {
      ${name}Tile[at] = chunk_${name}(${rowStart(input, start, `min(first + at / ${chunks(input)}u, ${count - 1}u)`)}, at % ${chunks(input)}u);
    }`.trim();
}

/** Row j + c of a tile. */
export const tileChunk = (name: string, input: AttentionInput) => (c: number, i: number): string => `${name}Tile[${plus(`j * ${chunks(input)}u`, c * chunks(input) + i)}]`;

/** The start of a body whose workgroups own 64 rows of queries each. */
export function ownTile({ matrices, queries }: AttentionSpec): { text: string; count: number } {
  const tiles = Math.ceil(queries / TILE_LANES);
  const count = matrices * tiles;
  return {
    count,
    text: wgsl`
// Lanes beyond the last row do its work again, because all must come to the barriers; they store nothing.
  let tile = min(group, ${count - 1}u);
  let matrix = tile / ${tiles}u;
  let firstOwn = (tile % ${tiles}u) * ${TILE_LANES}u;
  let isOwn = group < ${count}u && firstOwn + lane < ${queries}u;
  let t = min(firstOwn + lane, ${queries - 1}u);
  let row = matrix * ${queries}u + t;`.trim(),
  };
}

/** Keys that some row of the workgroup sees. */
export const lastKey = ({ causal, keys }: AttentionSpec): string => (causal ? `min(firstOwn + ${TILE_LANES}u, ${keys}u)` : `${keys}u`);

/**
 * A workgroup makes 64 rows, one for each lane; keys and values come through workgroup memory, a tile at a time
 * (T. Dao: "FlashAttention-2", 2023). Tiles that no row sees are never loaded.
 */
export function attentionTiles(spec: AttentionSpec): Kernel {
  const { key, value, keys } = spec;
  const rows = tileRows(key, value);
  const own = ownTile(spec);
  return workgroupKernel({
    name: 'attention/tiles',
    formula: FORMULA,
    declarations: declarations(spec),
    functions: `${maskFunction(spec)}
${chunkFunction('key', key)}
${chunkFunction('value', value)}
var<workgroup> keyTile: array<vec4f, ${rows * chunks(key)}>;
var<workgroup> valueTile: array<vec4f, ${rows * chunks(value)}>;`,
    workgroupSize: TILE_LANES,
    count: own.count,
    body: wgsl`
${own.text}
  ${ownQuery(spec)}
  ${begin(spec)}
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
  ${finish(spec)}
  }`,
  });
}
