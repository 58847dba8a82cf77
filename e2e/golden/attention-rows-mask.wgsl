// out = Σ over s of p · v[s], p = e^(z[s] - max z) / Σ e^(z - max z), z[s] = scale · q · k[s] + mask; statistics = (max z, 1 / Σ e^(z - max z))

@group(0) @binding(0) var<storage, read> query: array<f32, 1170>;
@group(0) @binding(1) var<storage, read> key: array<f32, 45>;
@group(0) @binding(2) var<storage, read> value: array<f32, 30>;
@group(0) @binding(3) var<storage, read> mask: array<f32, 1950>;
@group(0) @binding(4) var<storage, read_write> out: array<f32, 780>;
@group(0) @binding(5) var<storage, read_write> statistics: array<vec2f, 390>;

alias Value = f32;

fn load_mask(row: u32, column: u32) -> Value {
  return Value(mask[row * 5u + column]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 390u) {
    return;
  }
  let row = lane;
  let matrix = row / 130u;
  let t = row % 130u;
  let startQuery = matrix * 390u + t * 3u;
  let query0 = vec4f(query[startQuery], query[startQuery + 1u], query[startQuery + 2u], 0.0);
  let startKey = matrix * 15u;
  let startValue = matrix * 10u;
  let end = 5u;
  var sum0 = vec4f(0.0);
  var total = 0.0;
  var largest = -1e30f;
  for (var s = 0u; s < end; s += 4u) {
    let key0 = startKey + s * 3u;
    let key1 = startKey + (min(s + 1u, 4u)) * 3u;
    let key2 = startKey + (min(s + 2u, 4u)) * 3u;
    let key3 = startKey + (min(s + 3u, 4u)) * 3u;
    let value0 = startValue + s * 2u;
    let value1 = startValue + (min(s + 1u, 4u)) * 2u;
    let value2 = startValue + (min(s + 2u, 4u)) * 2u;
    let value3 = startValue + (min(s + 3u, 4u)) * 2u;
    var score = vec4f(0.0);
    score += vec4f(
      dot(query0, vec4f(key[key0], key[key0 + 1u], key[key0 + 2u], 0.0)),
      dot(query0, vec4f(key[key1], key[key1 + 1u], key[key1 + 2u], 0.0)),
      dot(query0, vec4f(key[key2], key[key2 + 1u], key[key2 + 2u], 0.0)),
      dot(query0, vec4f(key[key3], key[key3 + 1u], key[key3 + 2u], 0.0)),
    );
    let given = vec4f(
      load_mask(row, s),
      load_mask(row, min(s + 1u, 4u)),
      load_mask(row, min(s + 2u, 4u)),
      load_mask(row, min(s + 3u, 4u)),
    );
    score = score * 0.5f + given;
    let hidden = ((vec4u(s) + vec4u(0u, 1u, 2u, 3u)) >= vec4u(end)) | (given <= vec4f(-1e30f));
    score = select(score, vec4f(-1e30f), hidden);
    let next = max(largest, max(max(score.x, score.y), max(score.z, score.w)));
    let shrink = exp(max(largest - next, -87.0));
    let weight = select(exp(score - next), vec4f(0.0), hidden);
    total = total * shrink + dot(weight, vec4f(1.0));
    sum0 = sum0 * shrink + weight.x * vec4f(value[value0], value[value0 + 1u], 0.0, 0.0)
      + weight.y * vec4f(value[value1], value[value1 + 1u], 0.0, 0.0)
      + weight.z * vec4f(value[value2], value[value2 + 1u], 0.0, 0.0)
      + weight.w * vec4f(value[value3], value[value3 + 1u], 0.0, 0.0);
    largest = next;
  }
  let inverse = select(0.0, 1.0 / total, total > 0.0);
  sum0 *= inverse;
  out[row * 2u] = sum0.x;
  out[row * 2u + 1u] = sum0.y;
  statistics[row] = vec2f(largest, inverse);
}
