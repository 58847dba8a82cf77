// out[i] = x[(i - start) / step] inside of start, start + step, …, else 7; out [5], x [3]

@group(0) @binding(0) var<storage, read> x: array<u32, 3>;
@group(0) @binding(1) var<storage, read_write> out: array<u32, 5>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 5u) {
    return;
  }
  var rest = lane;
  var inside = true;
  var index = 0u;
  let place0 = rest;
  let distance0 = place0 - 1u;
  inside = inside && distance0 < 3u;
  index += distance0;
  var value = 7u;
  if (inside) {
    value = x[index];
  }
  out[lane] = value;
}
