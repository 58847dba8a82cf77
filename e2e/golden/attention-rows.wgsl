// out = Σ over s of p · v[s], p = e^(z[s] - max z) / Σ e^(z - max z), z[s] = scale · q · k[s] + mask; statistics = (max z, 1 / Σ e^(z - max z))

@group(0) @binding(0) var<storage, read> query: array<vec4f, 1040>;
@group(0) @binding(1) var<storage, read> key: array<vec4f, 560>;
@group(0) @binding(2) var<storage, read> value: array<vec4f, 280>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 520>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec2f, 520>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 520u) {
    return;
  }
  let row = lane;
  let matrix = row / 130u;
  let t = row % 130u;
  let startQuery = (matrix / 2u) * 520u + (matrix % 2u) * 2u + t * 4u;
  let query0 = query[startQuery];
  let query1 = query[startQuery + 1u];
  let startKey = (matrix / 2u) * 280u;
  let startValue = (matrix / 2u) * 140u;
  let end = min(t + 1u, 140u);
  var sum0 = vec4f(0.0);
  var total = 0.0;
  var largest = -1e30f;
  for (var s = 0u; s < end; s += 4u) {
    let key0 = startKey + s * 2u;
    let key1 = startKey + (min(s + 1u, 139u)) * 2u;
    let key2 = startKey + (min(s + 2u, 139u)) * 2u;
    let key3 = startKey + (min(s + 3u, 139u)) * 2u;
    let value0 = startValue + s;
    let value1 = startValue + min(s + 1u, 139u);
    let value2 = startValue + min(s + 2u, 139u);
    let value3 = startValue + min(s + 3u, 139u);
    var score = vec4f(0.0);
    score += vec4f(
      dot(query0, key[key0]),
      dot(query0, key[key1]),
      dot(query0, key[key2]),
      dot(query0, key[key3]),
    );
    score += vec4f(
      dot(query1, key[key0 + 1u]),
      dot(query1, key[key1 + 1u]),
      dot(query1, key[key2 + 1u]),
      dot(query1, key[key3 + 1u]),
    );
    score *= 0.5f;
    let hidden = ((vec4u(s) + vec4u(0u, 1u, 2u, 3u)) >= vec4u(end));
    score = select(score, vec4f(-1e30f), hidden);
    let next = max(largest, max(max(score.x, score.y), max(score.z, score.w)));
    let shrink = exp(max(largest - next, -87.0));
    let weight = select(exp(score - next), vec4f(0.0), hidden);
    total = total * shrink + dot(weight, vec4f(1.0));
    sum0 = sum0 * shrink + weight.x * value[value0]
      + weight.y * value[value1]
      + weight.z * value[value2]
      + weight.w * value[value3];
    largest = next;
  }
  let inverse = select(0.0, 1.0 / total, total > 0.0);
  sum0 *= inverse;
  out[row] = sum0;
  statistics[row] = vec2f(largest, inverse);
}
