// previous[row, t] = h[row, t - 1]; [3, 5, 7]

@group(0) @binding(0) var<storage, read> out: array<f32, 105>;
@group(0) @binding(1) var<storage, read_write> previous: array<f32, 105>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 105u) {
    return;
  }
  let unit = lane % 7u;
  let at = lane / 7u;
  if (at % 5u == 0u) {
    previous[lane] = 0.0;
  } else {
    previous[lane] = out[(at - 1u) * 7u + unit];
  }
}
