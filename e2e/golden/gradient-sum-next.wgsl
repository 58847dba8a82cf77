// total += 0.25 · gradients

@group(0) @binding(0) var<storage, read> gradients: array<vec4f, 64>;
@group(0) @binding(1) var<storage, read_write> total: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  total[lane] += 0.25f * gradients[lane];
}
