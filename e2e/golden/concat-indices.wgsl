// out = x0 | x1 along the middle axis of [3, 6, 1]

@group(0) @binding(0) var<storage, read> x0: array<u32, 6>;
@group(0) @binding(1) var<storage, read> x1: array<u32, 12>;
@group(0) @binding(2) var<storage, read_write> out: array<u32, 18>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 18u) {
    return;
  }
  let block = lane / 6u;
  let place = lane % 6u;
  if (place < 2u) {
    out[lane] = x0[block * 2u + (place - 0u)];
  } else {
    out[lane] = x1[block * 4u + (place - 2u)];
  }
}
