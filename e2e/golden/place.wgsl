// out[i] = x[(i - start) / step] inside of start, start + step, …, else 0; out [5, 7], x [2, 7]

@group(0) @binding(0) var<storage, read> x: array<f32, 14>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 35>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 35u) {
    return;
  }
  var rest = lane;
  var inside = true;
  var index = 0u;
  let place1 = rest % 7u;
  rest = rest / 7u;
  let distance1 = place1;
  inside = inside && distance1 < 7u;
  index += distance1;
  let place0 = rest;
  let distance0 = place0 - 1u;
  inside = inside && distance0 < 3u && distance0 % 2u == 0u;
  index += (distance0 / 2u) * 7u;
  var value = 0.0f;
  if (inside) {
    value = x[index];
  }
  out[lane] = value;
}
