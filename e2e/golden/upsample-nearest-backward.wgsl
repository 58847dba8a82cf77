// dx[p, y, x] = Σ of dout over the outputs that x[p, y, x] is in

@group(0) @binding(0) var<storage, read> dout: array<f32, 720>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 120>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 24u) {
    return;
  }
  let columnBlock = 0u;
  let row = lane % 4u;
  let plane = lane / 4u;
  let start = plane * 120u;
  let firstColumn = columnBlock * 5u;
  for (var column = firstColumn; column < firstColumn + 5u; column++) {
    var result = 0.0;
    for (var y = row * 2u; y < row * 2u + 2u; y++) {
      for (var x = column * 3u; x < column * 3u + 3u; x++) {
        result += dout[start + y * 15u + x];
      }
    }
    out[(plane * 4u + row) * 5u + column] = result;
  }
}
