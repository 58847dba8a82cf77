// dx[p, y, x] = Σ of dout / elements over the windows that hold it

@group(0) @binding(0) var<storage, read> dout: array<f32, 120>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 432>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 8u + column] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 54u) {
    return;
  }
  let columnBlock = 0u;
  let row = lane % 9u;
  let plane = lane / 9u;
  let outRow = plane * 9u + row;
  let firstColumn = columnBlock * 8u;
  for (var column = firstColumn; column < firstColumn + 8u; column++) {
    var result = 0.0;
    for (var ky = 0u; ky < 3u; ky++) {
      let rowDistance = row + 1u - ky;
      let outputRow = rowDistance / 2u;
      if (rowDistance % 2u != 0u || outputRow >= 5u) {
        continue;
      }
      for (var kx = 0u; kx < 3u; kx++) {
        let columnDistance = column - kx;
        let outputColumn = columnDistance / 2u;
        if (columnDistance % 2u != 0u || outputColumn >= 4u) {
          continue;
        }
        result += dout[(plane * 5u + outputRow) * 4u + outputColumn] * (1.0 / f32(3u * (min(outputColumn * 2u + 3u, 8u) - outputColumn * 2u)));
      }
    }
    store_out(outRow, column, result);
  }
}
