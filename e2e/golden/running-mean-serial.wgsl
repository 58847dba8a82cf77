// out = 0.9 · running + 0.1 · mean of x in each group

@group(0) @binding(0) var<storage, read> x: array<f32, 48>;
@group(0) @binding(1) var<storage, read> running: array<f32, 8>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 8>;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let own = lane;
  var total = 0.0;
  for (var i = 0u; i < 6u; i++) {
    let at = i * 8u + own;
    total += x[at];
  }
  let found = total / 6.0f;
  out[own] = running[own] * 0.9f + found * 0.1f;
}
