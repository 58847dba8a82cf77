// keys = sorted indices of each column, order = where they stood; equal ones keep their order

@group(0) @binding(0) var<storage, read> indices: array<u32, 42>;
@group(0) @binding(1) var<storage, read_write> keys: array<f32, 42>;
@group(0) @binding(2) var<storage, read_write> order: array<f32, 42>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 42u) {
    return;
  }
  let column = lane / 21u * 21u + lane % 3u;
  let own = lane % 21u / 3u;
  let key = min(indices[lane], 5u);
  var rank = 0u;
  for (var k = 0u; k < 7u; k++) {
    let other = min(indices[column + k * 3u], 5u);
    rank += select(0u, 1u, other < key || (other == key && k < own));
  }
  keys[column + rank * 3u] = f32(key);
  order[column + rank * 3u] = f32(own);
}
