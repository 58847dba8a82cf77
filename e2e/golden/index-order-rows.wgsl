// keys = sorted indices of each column, order = where they stood; equal ones keep their order

@group(0) @binding(0) var<storage, read> indices: array<f32, 7>;
@group(0) @binding(1) var<storage, read_write> keys: array<f32, 7>;
@group(0) @binding(2) var<storage, read_write> order: array<f32, 7>;

var<private> quietNan: u32 = 0x7fc00000u;

fn indexFrom(value: f32) -> u32 {
  return select(5u, u32(value), value >= 0.0 && value < 5.0f);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 7u) {
    return;
  }
  let column = lane / 7u * 7u + lane % 1u;
  let own = lane % 7u / 1u;
  let key = min(indexFrom(indices[lane]), 5u);
  var rank = 0u;
  for (var k = 0u; k < 7u; k++) {
    let other = min(indexFrom(indices[column + k]), 5u);
    rank += select(0u, 1u, other < key || (other == key && k < own));
  }
  keys[column + rank * 1u] = f32(key);
  order[column + rank * 1u] = f32(own);
}
