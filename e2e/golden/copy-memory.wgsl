// out[i] = x[i], i < 256

@group(0) @binding(0) var<storage, read> x: array<vec4f, 64>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  out[lane] = x[lane];
}
