// buffers[part] = next[part]

@group(0) @binding(0) var<storage, read> next0: array<f32, 7>;
@group(0) @binding(1) var<storage, read> next1: array<f32, 1>;
@group(0) @binding(2) var<storage, read> next2: array<f32, 64>;
@group(0) @binding(3) var<storage, read_write> buffers: array<f32, 256>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 72u) {
    return;
  }
  if (lane < 7u) {
    buffers[lane] = next0[lane];
  } else if (lane < 8u) {
    buffers[lane + 57u] = next1[lane - 7u];
  } else {
    buffers[lane + 120u] = next2[lane - 8u];
  }
}
