// out = x0 | x1 along the middle axis of [3, 9, 1]

@group(0) @binding(0) var<storage, read> x0: array<f32, 12>;
@group(0) @binding(1) var<storage, read> x1: array<f32, 15>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 27>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 27u) {
    return;
  }
  let block = lane / 9u;
  let place = lane % 9u;
  if (place < 4u) {
    let element = block * 4u + (place - 0u);
    out[lane] = x0[((element / 2u) % 2u) * 6u + ((element / 2u) / 2u) * 2u + (element % 2u)];
  } else {
    out[lane] = x1[block * 5u + (place - 4u)];
  }
}
