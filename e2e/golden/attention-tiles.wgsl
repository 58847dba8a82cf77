// out = Σ over s of p · v[s], p = e^(z[s] - max z) / Σ e^(z - max z), z[s] = scale · q · k[s] + mask; statistics = (max z, 1 / Σ e^(z - max z))

@group(0) @binding(0) var<storage, read> query: array<vec4f, 1040>;
@group(0) @binding(1) var<storage, read> key: array<vec4f, 560>;
@group(0) @binding(2) var<storage, read> value: array<vec4f, 280>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 520>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec2f, 520>;

fn chunk_key(start: u32, chunk: u32) -> vec4f {
  return key[start + chunk];
}

fn chunk_value(start: u32, chunk: u32) -> vec4f {
  return value[start + chunk];
}

var<workgroup> keyTile: array<vec4f, 64>;
var<workgroup> valueTile: array<vec4f, 32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  // Lanes beyond the last row do its work again, because all must come to the barriers; they store nothing.
  let tile = min(group, 11u);
  let matrix = tile / 3u;
  let firstOwn = (tile % 3u) * 64u;
  let isOwn = group < 12u && firstOwn + lane < 130u;
  let t = min(firstOwn + lane, 129u);
  let row = matrix * 130u + t;
  let startQuery = (matrix / 2u) * 520u + (matrix % 2u) * 2u + t * 4u;
  let query0 = query[startQuery];
  let query1 = query[startQuery + 1u];
  let startKey = (matrix / 2u) * 280u;
  let startValue = (matrix / 2u) * 140u;
  let end = min(t + 1u, 140u);
  var sum0 = vec4f(0.0);
  var total = 0.0;
  var largest = -1e30f;
  for (var first = 0u; first < min(firstOwn + 64u, 140u); first += 32u) {
    for (var at = lane; at < 64u; at += 64u) {
      keyTile[at] = chunk_key(startKey + (min(first + at / 2u, 139u)) * 2u, at % 2u);
    }
    for (var at = lane; at < 32u; at += 64u) {
      valueTile[at] = chunk_value(startValue + min(first + at / 1u, 139u), at % 1u);
    }
    workgroupBarrier();
    for (var j = 0u; j < 32u; j += 4u) {
      let s = first + j;
      var score = vec4f(0.0);
      score += vec4f(
        dot(query0, keyTile[j * 2u]),
        dot(query0, keyTile[j * 2u + 2u]),
        dot(query0, keyTile[j * 2u + 4u]),
        dot(query0, keyTile[j * 2u + 6u]),
      );
      score += vec4f(
        dot(query1, keyTile[j * 2u + 1u]),
        dot(query1, keyTile[j * 2u + 3u]),
        dot(query1, keyTile[j * 2u + 5u]),
        dot(query1, keyTile[j * 2u + 7u]),
      );
      score *= 0.5f;
      let hidden = ((vec4u(s) + vec4u(0u, 1u, 2u, 3u)) >= vec4u(end));
      score = select(score, vec4f(-1e30f), hidden);
      let next = max(largest, max(max(score.x, score.y), max(score.z, score.w)));
      let shrink = exp(max(largest - next, -87.0));
      let weight = select(exp(score - next), vec4f(0.0), hidden);
      total = total * shrink + dot(weight, vec4f(1.0));
      sum0 = sum0 * shrink + weight.x * valueTile[j * 1u]
        + weight.y * valueTile[j * 1u + 1u]
        + weight.z * valueTile[j * 1u + 2u]
        + weight.w * valueTile[j * 1u + 3u];
      largest = next;
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  if (isOwn) {
    let inverse = select(0.0, 1.0 / total, total > 0.0);
    sum0 *= inverse;
    out[row] = sum0;
    statistics[row] = vec2f(largest, inverse);
  }
}
