// out[k, i] = x[indices[k] - 5, i] where that is a row of x, 0 for index 2; NaN where an index is out of range

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> indices: array<u32, 7>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 21>;

var<private> quietNan: u32 = 0x7fc00000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 21u) {
    return;
  }
  let index = indices[lane / 3u];
  if (index >= 5u && index < 10u) {
    out[lane] = select(x[(index - 5u) * 3u + lane % 3u], 0.0, index == 2u);
  }
}
