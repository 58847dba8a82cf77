// out[p, y, x] = x[p, y / 2, x / 3]

@group(0) @binding(0) var<storage, read> x: array<f32, 120>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 720>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 96u) {
    return;
  }
  let columnBlock = lane % 2u;
  let row = lane / 2u % 8u;
  let plane = lane / 16u;
  let start = plane * 20u;
  let firstColumn = columnBlock * 8u;
  for (var column = firstColumn; column < min(firstColumn + 8u, 15u); column++) {
    let result = x[start + (row / 2u) * 5u + column / 3u];
    out[(plane * 8u + row) * 15u + column] = result;
  }
}
