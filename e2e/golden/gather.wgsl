// out[o, k, i] = x[o, indices[o, k, i], i]; NaN where an index is out of range

@group(0) @binding(0) var<storage, read> x: array<f32, 30>;
@group(0) @binding(1) var<storage, read> indices: array<u32, 42>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 42>;

var<private> quietNan: u32 = 0x7fc00000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 42u) {
    return;
  }
  let index = indices[lane];
  let row = lane / 21u * 5u + min(index, 4u);
  let found = select(bitcast<f32>(quietNan), x[row * 3u + lane % 3u], index < 5u);
  out[lane] = found;
}
