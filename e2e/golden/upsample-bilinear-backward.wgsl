// dx[p, y, x] = Σ of dout over the outputs that x[p, y, x] is in, each times its weight

@group(0) @binding(0) var<storage, read> dout: array<f32, 720>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 120>;

// The weight of input `to` in output `made`: 1 where it falls on it, 0 from one input further on.
fn weightRow(made: u32, to: u32) -> f32 {
  let place = min(max(2u * made + 1u, 2u) - 2u, 12u);
  let wanted = to * 4u;
  let distance = max(place, wanted) - min(place, wanted);
  return f32(4u - min(distance, 4u)) * 0.25f;
}

// The weight of input `to` in output `made`: 1 where it falls on it, 0 from one input further on.
fn weightColumn(made: u32, to: u32) -> f32 {
  let place = min(max(2u * made + 1u, 3u) - 3u, 24u);
  let wanted = to * 6u;
  let distance = max(place, wanted) - min(place, wanted);
  return f32(6u - min(distance, 6u)) * 0.16666666666666666f;
}

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
    for (var y = max(row * 2u, 1u) - 1u; y < min(row * 2u + 3u, 8u); y++) {
      let share = weightRow(y, row);
      for (var x = max(column * 3u, 1u) - 1u; x < min(column * 3u + 5u, 15u); x++) {
        result += share * weightColumn(x, column) * dout[start + y * 15u + x];
      }
    }
    out[(plane * 4u + row) * 5u + column] = result;
  }
}
