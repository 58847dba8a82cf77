import { withoutLastLane } from './mutants.ts';
import type { Mutant } from './proof.ts';

const FORWARD = /^attention\/rows/;
const FORWARD_TILES = /^attention\/tiles/;
const QUERY = /^attention-query-gradient\/rows/;
const QUERY_TILES = /^attention-query-gradient\/tiles/;
const KEY = /^attention-key-gradient\/rows/;
const KEY_TILES = /^attention-key-gradient\/tiles/;

const WEIGHTS = /^attention-weights\/row/;
const WEIGHTS_GRADIENT = /^attention-weights-gradient/;

export const attentionMutants: readonly Mutant[] = [
  { name: 'weights that do not sum to one', kernel: WEIGHTS, find: '*= inverse', replace: '*= 1.0', symptoms: ['formula', 'factor'] },
  { name: 'a causal row of weights sees one key too many', kernel: WEIGHTS, find: '+ 1u, ', replace: '+ 2u, ', symptoms: ['formula', 'mask'] },
  { name: 'the mask not added to the scores', kernel: WEIGHTS, find: ' + given, ', replace: ', ', symptoms: ['formula', 'mask'] },
  { name: 'a hidden key gets its weight', kernel: WEIGHTS, find: 'score <= ', replace: 'score < -1.0 + ', symptoms: ['formula', 'mask'] },
  { name: 'the weights of keys to come never written', kernel: WEIGHTS, find: 'for (var s = end;', replace: 'for (var s = end + 1u;', symptoms: ['unwritten', 'garbage'] },
  { name: 'the largest score not subtracted from the scores', kernel: WEIGHTS, find: 'exp(score - largest)', replace: 'exp(score)', symptoms: ['formula', 'region'] },
  { name: 'the gradient of a weight alone', kernel: WEIGHTS_GRADIENT, find: ' - inner)', replace: ')', symptoms: ['formula'] },
  { name: 'the sum over a row keeps its last term', kernel: WEIGHTS_GRADIENT, find: 'inner += ', replace: 'inner = ', symptoms: ['reduction', 'formula'] },
  withoutLastLane(WEIGHTS_GRADIENT),
  { name: 'sums not made smaller when a larger score comes', kernel: FORWARD, find: 'sum0 = sum0 * shrink +', replace: 'sum0 = sum0 +', symptoms: ['formula', 'region'] },
  { name: 'the total not made smaller when a larger score comes', kernel: FORWARD, find: 'total = total * shrink', replace: 'total = total', symptoms: ['formula'] },
  { name: 'a causal row sees one key too many', kernel: FORWARD, find: 'let end = min(t + 1u, ', replace: 'let end = min(t + 2u, ', symptoms: ['formula', 'mask'] },
  { name: 'the mask not added', kernel: FORWARD, find: ' + given;', replace: ';', symptoms: ['formula', 'mask'] },
  { name: 'a boolean mask turned round', kernel: FORWARD, find: 'given == vec4f(0.0)', replace: 'given != vec4f(0.0)', symptoms: ['formula', 'mask'] },
  { name: 'each head its own keys though they are shared', kernel: FORWARD, find: 'let startKey = (matrix / 2u)', replace: 'let startKey = (matrix / 1u)', symptoms: ['formula'] },
  { name: 'keys beyond the last one count', kernel: FORWARD, find: '>= vec4u(end)', replace: '> vec4u(end)', symptoms: ['formula', 'reduction'] },
  { name: 'the largest score not subtracted', kernel: FORWARD, find: 'exp(score - next)', replace: 'exp(score)', symptoms: ['formula', 'region'] },
  withoutLastLane(FORWARD),
  { name: 'tiles used before all lanes have filled them', kernel: FORWARD_TILES, find: '    workgroupBarrier();\n    for (var j', replace: '    for (var j', symptoms: ['reduction', 'formula'] },
  { name: 'tiles overwritten while they are read', kernel: FORWARD_TILES, find: 'still reads.\n    workgroupBarrier();', replace: 'still reads.', symptoms: ['reduction', 'formula'] },
  { name: 'every second tile', kernel: FORWARD_TILES, find: 'first += 32u', replace: 'first += 64u', symptoms: ['reduction'] },
  { name: 'four keys of a tile left out', kernel: FORWARD_TILES, find: 'for (var j = 0u;', replace: 'for (var j = 4u;', symptoms: ['reduction'] },
  { name: 'the last row of a tile never stored', kernel: FORWARD_TILES, find: 'firstOwn + lane < ', replace: 'firstOwn + lane + 1u < ', symptoms: ['unwritten', 'edge'] },
  { name: 'the scale of the first column alone in the gradient of the query', kernel: QUERY, find: 'sum0 *= ', replace: 'sum0.x *= ', symptoms: ['factor', 'formula'] },
  { name: 'dout · out not subtracted', kernel: QUERY, find: '(slope - known.z)', replace: 'slope', symptoms: ['formula'] },
  { name: 'the gradient of the query without the first keys', kernel: QUERY, find: 'for (var s = 0u;', replace: 'for (var s = 4u;', symptoms: ['reduction'] },
  { name: 'dout · out of the first columns only', kernel: QUERY, find: 'inner += dot(dout1', replace: 'inner = dot(dout1', symptoms: ['formula', 'reduction'] },
  { name: 'probabilities that do not sum to one', kernel: QUERY, find: ' * known.y', replace: '', symptoms: ['formula', 'factor'] },
  { name: 'the gradient of the query by every second tile', kernel: QUERY_TILES, find: 'first += 32u', replace: 'first += 64u', symptoms: ['reduction'] },
  { name: 'tiles of the gradient of the query used too early', kernel: QUERY_TILES, find: '    workgroupBarrier();\n    for (var j', replace: '    for (var j', symptoms: ['reduction', 'formula'] },
  { name: 'the gradient of the query with a row of the tile twice', kernel: QUERY_TILES, find: 'change.w * keyTile[j * 1u + 3u]', replace: 'change.w * keyTile[j * 1u + 2u]', symptoms: ['formula'] },
  { name: 'the gradient of the key without the first rows', kernel: KEY, find: 't += 4u', replace: 't += 8u', symptoms: ['reduction'] },
  { name: 'the gradient of the value by dz', kernel: KEY, find: 'weighted0 += weight.x', replace: 'weighted0 += change.x', symptoms: ['formula'] },
  { name: 'only the first of the heads that share a key', kernel: KEY, find: 'member < 2u', replace: 'member < 1u', symptoms: ['reduction'] },
  { name: 'a key is not seen by its own query', kernel: KEY_TILES, find: '< vec4u(s)', replace: '<= vec4u(s)', symptoms: ['formula', 'mask'] },
  { name: 'the causal rows start one too late', kernel: KEY, find: 'for (var t = s;', replace: 'for (var t = s + 1u;', symptoms: ['reduction'] },
  { name: 'rows beyond the last query count', kernel: KEY, find: '>= vec4u(', replace: '> vec4u(', symptoms: ['formula', 'reduction'] },
  { name: 'the gradient of the key by every second tile', kernel: KEY_TILES, find: 'first += 32u', replace: 'first += 64u', symptoms: ['reduction'] },
  { name: 'tiles of the gradient of the key used too early', kernel: KEY_TILES, find: '      workgroupBarrier();\n      for (var j', replace: '      for (var j', symptoms: ['reduction', 'formula'] },
  { name: 'the causal tiles start one too late', kernel: KEY_TILES, find: 'for (var first = firstOwn;', replace: 'for (var first = firstOwn + 32u;', symptoms: ['reduction'] },
  { name: 'the last key of a tile never stored', kernel: KEY_TILES, find: 'firstOwn + lane < ', replace: 'firstOwn + lane + 1u < ', symptoms: ['unwritten', 'edge'] },
  { name: 'with a mask dout · out is 0', kernel: /^attention-row-dots/, find: 'statistics[row], inner,', replace: 'statistics[row], 0.0,', symptoms: ['formula'] },
  { name: 'with a mask dout · out keeps its last columns', kernel: /^attention-row-dots/, find: 'inner += ', replace: 'inner = 0.5 * ', symptoms: ['formula', 'factor'] },
  withoutLastLane(/^attention-row-dots/),
  { name: 'the gradient of the mask keeps its last term', kernel: /^attention-mask-gradient/, find: 'total += ', replace: 'total = ', symptoms: ['reduction'] },
  { name: 'the gradient of the mask without the mask', kernel: /^attention-mask-gradient/, find: ' + given - ', replace: ' - ', symptoms: ['formula'] },
  { name: 'the gradient of the mask without its first row', kernel: /^attention-mask-gradient/, find: 'var i = 0u;', replace: 'var i = 1u;', symptoms: ['reduction'] },
];
