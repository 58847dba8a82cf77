// out[o, s, i] = Σ over k with indices[o, k] = s of source[o, k, i], 0 for s = 2
// NaN where an index is out of range

@group(0) @binding(0) var<storage, read> indices: array<f32, 7>;
@group(0) @binding(1) var<storage, read> source: array<f32, 21>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 15>;

var<private> quietNan: u32 = 0x7fc00000u;

fn indexFrom(value: f32) -> u32 {
  return select(11u, u32(value), value >= 0.0 && value < 11.0f);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 15u) {
    return;
  }
  let o = lane / 15u;
  let s = lane / 3u % 5u + 5u;
  let i = lane % 3u;
  let column = o * 7u;
  let start = o * 21u + i;
  var total = 0.0;
  for (var k = 0u; k < 7u; k++) {
    let index = indexFrom(indices[column + k]);
    if (index == s) {
      total += source[start + k * 3u];
    }
    if (index >= 11u) {
      total = bitcast<f32>(quietNan);
    }
  }
  out[lane] = select(total, 0.0, s == 2u);
}
