// dvalue[s] = Σ over t of p · dout[t]; dkey[s] = scale · Σ over t of dz · q[t], dz = p · (dout[t] · v[s] - dout[t] · out[t])

@group(0) @binding(0) var<storage, read> query: array<f32, 1170>;
@group(0) @binding(1) var<storage, read> key: array<f32, 45>;
@group(0) @binding(2) var<storage, read> value: array<f32, 30>;
@group(0) @binding(3) var<storage, read> mask: array<f32, 1950>;
@group(0) @binding(4) var<storage, read> dout: array<f32, 780>;
@group(0) @binding(5) var<storage, read> rows: array<vec4f, 390>;
@group(0) @binding(6) var<storage, read_write> dkey: array<f32, 45>;
@group(0) @binding(7) var<storage, read_write> dvalue: array<f32, 30>;

alias Value = f32;

fn load_mask(row: u32, column: u32) -> Value {
  return Value(mask[row * 5u + column]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 15u) {
    return;
  }
  let row = lane;
  let own = row / 5u;
  let s = row % 5u;
  let startKey = own * 15u + s * 3u;
  let startValue = own * 10u + s * 2u;
  let key0 = vec4f(key[startKey], key[startKey + 1u], key[startKey + 2u], 0.0);
  let value0 = vec4f(value[startValue], value[startValue + 1u], 0.0, 0.0);
  var sum0 = vec4f(0.0);
  var weighted0 = vec4f(0.0);
  for (var member = 0u; member < 1u; member++) {
    let matrix = own * 1u + member;
    let startQuery = matrix * 390u;
    let startDout = matrix * 260u;
    for (var t = 0u; t < 130u; t += 4u) {
      let query0 = startQuery + t * 3u;
      let query1 = startQuery + (min(t + 1u, 129u)) * 3u;
      let query2 = startQuery + (min(t + 2u, 129u)) * 3u;
      let query3 = startQuery + (min(t + 3u, 129u)) * 3u;
      let dout0 = startDout + t * 2u;
      let dout1 = startDout + (min(t + 1u, 129u)) * 2u;
      let dout2 = startDout + (min(t + 2u, 129u)) * 2u;
      let dout3 = startDout + (min(t + 3u, 129u)) * 2u;
      var score = vec4f(0.0);
      score += vec4f(
        dot(key0, vec4f(query[query0], query[query0 + 1u], query[query0 + 2u], 0.0)),
        dot(key0, vec4f(query[query1], query[query1 + 1u], query[query1 + 2u], 0.0)),
        dot(key0, vec4f(query[query2], query[query2 + 1u], query[query2 + 2u], 0.0)),
        dot(key0, vec4f(query[query3], query[query3 + 1u], query[query3 + 2u], 0.0)),
      );
      let given = vec4f(
        load_mask(matrix * 130u + t, s),
        load_mask(matrix * 130u + min(t + 1u, 129u), s),
        load_mask(matrix * 130u + min(t + 2u, 129u), s),
        load_mask(matrix * 130u + min(t + 3u, 129u), s),
      );
      score = score * 0.5f + given;
      let hidden = ((vec4u(t) + vec4u(0u, 1u, 2u, 3u)) >= vec4u(130u)) | (given <= vec4f(-1e30f));
      let known0 = rows[matrix * 130u + t];
      let known1 = rows[matrix * 130u + min(t + 1u, 129u)];
      let known2 = rows[matrix * 130u + min(t + 2u, 129u)];
      let known3 = rows[matrix * 130u + min(t + 3u, 129u)];
      let weight = select(exp(score - vec4f(known0.x, known1.x, known2.x, known3.x)) * vec4f(known0.y, known1.y, known2.y, known3.y), vec4f(0.0), hidden);
      var slope = vec4f(0.0);
      slope += vec4f(
        dot(value0, vec4f(dout[dout0], dout[dout0 + 1u], 0.0, 0.0)),
        dot(value0, vec4f(dout[dout1], dout[dout1 + 1u], 0.0, 0.0)),
        dot(value0, vec4f(dout[dout2], dout[dout2 + 1u], 0.0, 0.0)),
        dot(value0, vec4f(dout[dout3], dout[dout3 + 1u], 0.0, 0.0)),
      );
      let change = weight * (slope - vec4f(known0.z, known1.z, known2.z, known3.z));
      weighted0 += weight.x * vec4f(dout[dout0], dout[dout0 + 1u], 0.0, 0.0)
        + weight.y * vec4f(dout[dout1], dout[dout1 + 1u], 0.0, 0.0)
        + weight.z * vec4f(dout[dout2], dout[dout2 + 1u], 0.0, 0.0)
        + weight.w * vec4f(dout[dout3], dout[dout3 + 1u], 0.0, 0.0);
      sum0 += change.x * vec4f(query[query0], query[query0 + 1u], query[query0 + 2u], 0.0)
        + change.y * vec4f(query[query1], query[query1 + 1u], query[query1 + 2u], 0.0)
        + change.z * vec4f(query[query2], query[query2 + 1u], query[query2 + 2u], 0.0)
        + change.w * vec4f(query[query3], query[query3 + 1u], query[query3 + 2u], 0.0);
    }
  }
  sum0 *= 0.5f;
  dkey[row * 3u] = sum0.x;
  dkey[row * 3u + 1u] = sum0.y;
  dkey[row * 3u + 2u] = sum0.z;
  dvalue[row * 2u] = weighted0.x;
  dvalue[row * 2u + 1u] = weighted0.y;
}
