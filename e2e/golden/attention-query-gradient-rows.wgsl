// dquery = scale · Σ over s of dz[s] · k[s], dz = p · (dout · v[s] - dout · out)

@group(0) @binding(0) var<storage, read> query: array<vec4f, 1040>;
@group(0) @binding(1) var<storage, read> key: array<vec4f, 560>;
@group(0) @binding(2) var<storage, read> value: array<vec4f, 280>;
@group(0) @binding(3) var<storage, read> dout: array<vec4f, 520>;
@group(0) @binding(4) var<storage, read> out: array<vec4f, 520>;
@group(0) @binding(5) var<storage, read> statistics: array<vec2f, 520>;
@group(0) @binding(6) var<storage, read_write> dquery: array<vec4f, 1040>;
@group(0) @binding(7) var<storage, read_write> rows: array<vec4f, 520>;

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
  let startDout = matrix * 130u + t;
  let dout0 = dout[startDout];
  let startOut = row * 1u;
  var inner = 0.0;
  inner += dot(dout0, out[startOut]);
  let known = vec4f(statistics[row], inner, 0.0);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
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
    let weight = select(exp(score - known.x) * known.y, vec4f(0.0), hidden);
    var slope = vec4f(0.0);
    slope += vec4f(
      dot(dout0, value[value0]),
      dot(dout0, value[value1]),
      dot(dout0, value[value2]),
      dot(dout0, value[value3]),
    );
    let change = weight * (slope - known.z);
    sum0 += change.x * key[key0]
      + change.y * key[key1]
      + change.z * key[key2]
      + change.w * key[key3];
    sum1 += change.x * key[key0 + 1u]
      + change.y * key[key1 + 1u]
      + change.z * key[key2 + 1u]
      + change.w * key[key3 + 1u];
  }
  sum0 *= 0.5f;
  sum1 *= 0.5f;
  dquery[row * 2u] = sum0;
  dquery[row * 2u + 1u] = sum1;
  rows[row] = known;
}
