// dquery = scale · Σ over s of dz[s] · k[s], dz = p · (dout · v[s] - dout · out)

@group(0) @binding(0) var<storage, read> query: array<f32, 1170>;
@group(0) @binding(1) var<storage, read> key: array<f32, 45>;
@group(0) @binding(2) var<storage, read> value: array<f32, 30>;
@group(0) @binding(3) var<storage, read> mask: array<f32, 1950>;
@group(0) @binding(4) var<storage, read> dout: array<f32, 780>;
@group(0) @binding(5) var<storage, read> rows: array<vec4f, 390>;
@group(0) @binding(6) var<storage, read_write> dquery: array<f32, 1170>;

alias Value = f32;

fn load_mask(row: u32, column: u32) -> Value {
  return Value(mask[row * 5u + column]);
}

fn chunk_key(start: u32, chunk: u32) -> vec4f {
  let column = chunk * 4u;
  return vec4f(
    key[start + column],
    select(0.0, key[start + min(column + 1u, 2u)], column < 2u),
    select(0.0, key[start + min(column + 2u, 2u)], column < 1u),
    select(0.0, key[start + min(column + 3u, 2u)], column < 0u),
  );
}

fn chunk_value(start: u32, chunk: u32) -> vec4f {
  let column = chunk * 4u;
  return vec4f(
    value[start + column],
    select(0.0, value[start + min(column + 1u, 1u)], column < 1u),
    select(0.0, value[start + min(column + 2u, 1u)], column < 0u),
    select(0.0, value[start + min(column + 3u, 1u)], column < 0u),
  );
}

var<workgroup> keyTile: array<vec4f, 32>;
var<workgroup> valueTile: array<vec4f, 32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  // Lanes beyond the last row do its work again, because all must come to the barriers; they store nothing.
  let tile = min(group, 8u);
  let matrix = tile / 3u;
  let firstOwn = (tile % 3u) * 64u;
  let isOwn = group < 9u && firstOwn + lane < 130u;
  let t = min(firstOwn + lane, 129u);
  let row = matrix * 130u + t;
  let startQuery = matrix * 390u + t * 3u;
  let query0 = vec4f(query[startQuery], query[startQuery + 1u], query[startQuery + 2u], 0.0);
  let startKey = matrix * 15u;
  let startValue = matrix * 10u;
  let end = 5u;
  let startDout = matrix * 260u + t * 2u;
  let dout0 = vec4f(dout[startDout], dout[startDout + 1u], 0.0, 0.0);
  let known = rows[row];
  var sum0 = vec4f(0.0);
  for (var first = 0u; first < 5u; first += 32u) {
    for (var at = lane; at < 32u; at += 64u) {
      keyTile[at] = chunk_key(startKey + (min(first + at / 1u, 4u)) * 3u, at % 1u);
    }
    for (var at = lane; at < 32u; at += 64u) {
      valueTile[at] = chunk_value(startValue + (min(first + at / 1u, 4u)) * 2u, at % 1u);
    }
    workgroupBarrier();
    for (var j = 0u; j < 32u; j += 4u) {
      let s = first + j;
      var score = vec4f(0.0);
      score += vec4f(
        dot(query0, keyTile[j * 1u]),
        dot(query0, keyTile[j * 1u + 1u]),
        dot(query0, keyTile[j * 1u + 2u]),
        dot(query0, keyTile[j * 1u + 3u]),
      );
      let given = vec4f(
        load_mask(row, s),
        load_mask(row, min(s + 1u, 4u)),
        load_mask(row, min(s + 2u, 4u)),
        load_mask(row, min(s + 3u, 4u)),
      );
      score = score * 0.5f + given;
      let hidden = ((vec4u(s) + vec4u(0u, 1u, 2u, 3u)) >= vec4u(end)) | (given <= vec4f(-1e30f));
      let weight = select(exp(score - known.x) * known.y, vec4f(0.0), hidden);
      var slope = vec4f(0.0);
      slope += vec4f(
        dot(dout0, valueTile[j * 1u]),
        dot(dout0, valueTile[j * 1u + 1u]),
        dot(dout0, valueTile[j * 1u + 2u]),
        dot(dout0, valueTile[j * 1u + 3u]),
      );
      let change = weight * (slope - known.z);
      sum0 += change.x * keyTile[j * 1u]
        + change.y * keyTile[j * 1u + 1u]
        + change.z * keyTile[j * 1u + 2u]
        + change.w * keyTile[j * 1u + 3u];
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  if (isOwn) {
    sum0 *= 0.5f;
    dquery[row * 3u] = sum0.x;
    dquery[row * 3u + 1u] = sum0.y;
    dquery[row * 3u + 2u] = sum0.z;
  }
}
