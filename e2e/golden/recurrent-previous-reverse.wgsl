// previous[row, t] = h[row, t + 1]; [3, 5, 8]

@group(0) @binding(0) var<storage, read> out: array<f32, 240>;
@group(0) @binding(1) var<storage, read> initialHidden: array<f32, 24>;
@group(0) @binding(2) var<storage, read_write> previous: array<f32, 120>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 120u) {
    return;
  }
  let unit = lane % 8u;
  let at = lane / 8u;
  if (at % 5u == 4u) {
    previous[lane] = initialHidden[at / 5u * 8u + unit];
  } else {
    previous[lane] = out[(at + 1u) * 16u + unit];
  }
}
