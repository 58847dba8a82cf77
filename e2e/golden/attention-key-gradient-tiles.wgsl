// dvalue[s] = Σ over t of p · dout[t]; dkey[s] = scale · Σ over t of dz · q[t], dz = p · (dout[t] · v[s] - dout[t] · out[t])

@group(0) @binding(0) var<storage, read> query: array<vec4f, 1040>;
@group(0) @binding(1) var<storage, read> key: array<vec4f, 560>;
@group(0) @binding(2) var<storage, read> value: array<vec4f, 280>;
@group(0) @binding(3) var<storage, read> dout: array<vec4f, 520>;
@group(0) @binding(4) var<storage, read> rows: array<vec4f, 520>;
@group(0) @binding(5) var<storage, read_write> dkey: array<vec4f, 560>;
@group(0) @binding(6) var<storage, read_write> dvalue: array<vec4f, 280>;

fn chunk_query(start: u32, chunk: u32) -> vec4f {
  return query[start + chunk];
}

fn chunk_dout(start: u32, chunk: u32) -> vec4f {
  return dout[start + chunk];
}

var<workgroup> queryTile: array<vec4f, 64>;
var<workgroup> doutTile: array<vec4f, 32>;
var<workgroup> rowTile: array<vec4f, 32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  // Lanes beyond the last row do its work again, because all must come to the barriers; they store nothing.
  let tile = min(group, 5u);
  let own = tile / 3u;
  let firstOwn = (tile % 3u) * 64u;
  let isOwn = group < 6u && firstOwn + lane < 140u;
  let s = min(firstOwn + lane, 139u);
  let row = own * 140u + s;
  let startKey = own * 280u + s * 2u;
  let startValue = own * 140u + s;
  let key0 = key[startKey];
  let key1 = key[startKey + 1u];
  let value0 = value[startValue];
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var weighted0 = vec4f(0.0);
  for (var member = 0u; member < 2u; member++) {
    let matrix = own * 2u + member;
    let startQuery = (matrix / 2u) * 520u + (matrix % 2u) * 2u;
    let startDout = matrix * 130u;
    for (var first = firstOwn; first < 130u; first += 32u) {
      for (var at = lane; at < 64u; at += 64u) {
        queryTile[at] = chunk_query(startQuery + (min(first + at / 2u, 129u)) * 4u, at % 2u);
      }
      for (var at = lane; at < 32u; at += 64u) {
        doutTile[at] = chunk_dout(startDout + min(first + at / 1u, 129u), at % 1u);
      }
      if (lane < 32u) {
        rowTile[lane] = rows[matrix * 130u + min(first + lane, 129u)];
      }
      workgroupBarrier();
      for (var j = 0u; j < 32u; j += 4u) {
        let t = first + j;
        var score = vec4f(0.0);
        score += vec4f(
          dot(key0, queryTile[j * 2u]),
          dot(key0, queryTile[j * 2u + 2u]),
          dot(key0, queryTile[j * 2u + 4u]),
          dot(key0, queryTile[j * 2u + 6u]),
        );
        score += vec4f(
          dot(key1, queryTile[j * 2u + 1u]),
          dot(key1, queryTile[j * 2u + 3u]),
          dot(key1, queryTile[j * 2u + 5u]),
          dot(key1, queryTile[j * 2u + 7u]),
        );
        score *= 0.5f;
        let hidden = (((vec4u(t) + vec4u(0u, 1u, 2u, 3u)) >= vec4u(130u)) | ((vec4u(t) + vec4u(0u, 1u, 2u, 3u)) < vec4u(s)));
        let known0 = rowTile[j + 0u];
        let known1 = rowTile[j + 1u];
        let known2 = rowTile[j + 2u];
        let known3 = rowTile[j + 3u];
        let weight = select(exp(score - vec4f(known0.x, known1.x, known2.x, known3.x)) * vec4f(known0.y, known1.y, known2.y, known3.y), vec4f(0.0), hidden);
        var slope = vec4f(0.0);
        slope += vec4f(
          dot(value0, doutTile[j * 1u]),
          dot(value0, doutTile[j * 1u + 1u]),
          dot(value0, doutTile[j * 1u + 2u]),
          dot(value0, doutTile[j * 1u + 3u]),
        );
        let change = weight * (slope - vec4f(known0.z, known1.z, known2.z, known3.z));
        weighted0 += weight.x * doutTile[j * 1u]
          + weight.y * doutTile[j * 1u + 1u]
          + weight.z * doutTile[j * 1u + 2u]
          + weight.w * doutTile[j * 1u + 3u];
        sum0 += change.x * queryTile[j * 2u]
          + change.y * queryTile[j * 2u + 2u]
          + change.z * queryTile[j * 2u + 4u]
          + change.w * queryTile[j * 2u + 6u];
        sum1 += change.x * queryTile[j * 2u + 1u]
          + change.y * queryTile[j * 2u + 3u]
          + change.z * queryTile[j * 2u + 5u]
          + change.w * queryTile[j * 2u + 7u];
      }
      // Nobody may overwrite a tile that somebody still reads.
      workgroupBarrier();
    }
  }
  if (isOwn) {
    sum0 *= 0.5f;
    sum1 *= 0.5f;
    dkey[row * 2u] = sum0;
    dkey[row * 2u + 1u] = sum1;
    dvalue[row] = weighted0;
  }
}
