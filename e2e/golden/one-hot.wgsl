// out[k, c] = 1 where indices[k] = c, else 0; NaN where an index is out of range

@group(0) @binding(0) var<storage, read> indices: array<u32, 7>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 35>;

var<private> quietNan: u32 = 0x7fc00000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 35u) {
    return;
  }
  let index = indices[lane / 5u];
  out[lane] = select(bitcast<f32>(quietNan), select(0.0, 1.0, index == lane % 5u), index < 5u);
}
