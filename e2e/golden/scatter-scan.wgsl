// out[o, s, i] = x[o, s, i] + Σ over k with indices[o, k, i] = s of source[o, k, i]
// NaN where an index is out of range

@group(0) @binding(0) var<storage, read> indices: array<u32, 42>;
@group(0) @binding(1) var<storage, read> source: array<f32, 42>;
@group(0) @binding(2) var<storage, read> x: array<f32, 30>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 30>;

var<private> quietNan: u32 = 0x7fc00000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 30u) {
    return;
  }
  let o = lane / 15u;
  let s = lane / 3u % 5u;
  let i = lane % 3u;
  let column = o * 21u + i;
  let start = o * 21u + i;
  var total = 0.0;
  for (var k = 0u; k < 7u; k++) {
    let index = indices[column + k * 3u];
    if (index == s) {
      total += source[start + k * 3u];
    }
    if (index >= 5u) {
      total = bitcast<f32>(quietNan);
    }
  }
  out[lane] = x[lane] + total;
}
