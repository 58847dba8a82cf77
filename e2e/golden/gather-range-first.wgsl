// out[k, i] = x[indices[k] - 0, i] where that is a row of x, 0 for index 2; NaN where an index is out of range

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> indices: array<f32, 7>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 21>;

var<private> quietNan: u32 = 0x7fc00000u;

fn indexFrom(value: f32) -> u32 {
  return select(11u, u32(value), value >= 0.0 && value < 11.0f);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 21u) {
    return;
  }
  let index = indexFrom(indices[lane / 3u]);
  if (index >= 0u && index < 5u) {
    out[lane] = select(x[(index - 0u) * 3u + lane % 3u], 0.0, index == 2u);
  }
  if (index >= 11u) {
    out[lane] = bitcast<f32>(quietNan);
  }
}
