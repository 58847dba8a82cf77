// out = x0 | x1 | x2 along the middle axis of [3, 8, 4]

@group(0) @binding(0) var<storage, read> x0: array<f32, 24>;
@group(0) @binding(1) var<storage, read> x1: array<f32, 12>;
@group(0) @binding(2) var<storage, read> x2: array<f32, 60>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 96>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 96u) {
    return;
  }
  let block = lane / 32u;
  let place = lane % 32u;
  if (place < 8u) {
    out[lane] = x0[block * 8u + (place - 0u)];
  } else if (place < 12u) {
    out[lane] = x1[block * 4u + (place - 8u)];
  } else {
    out[lane] = x2[block * 20u + (place - 12u)];
  }
}
