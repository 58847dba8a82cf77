// activeRows[unit] = count over rows of x[row, unit] ≠ 0

@group(0) @binding(0) var<storage, read> x: array<f32, 128>;
@group(0) @binding(1) var<storage, read_write> activeRows: array<f32, 16>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 16u) {
    return;
  }
  var total = 0.0;
  for (var row = 0u; row < 8u; row++) {
    total += select(0.0, 1.0, x[row * 16u + lane] != 0.0);
  }
  activeRows[lane] = total;
}
