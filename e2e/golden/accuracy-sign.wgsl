// hits[row] = share of right predictions in the row

@group(0) @binding(0) var<storage, read> x: array<f32, 24>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 24>;
@group(0) @binding(2) var<storage, read_write> hits: array<f32, 8>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let start = lane * 3u;
  var right = 0.0;
  for (var i = 0u; i < 3u; i++) {
    right += select(0.0, 0.3333333333333333f, (x[start + i] > 0.0) == (expected[start + i] > 0.5));
  }
  hits[lane] = right;
}
