// out[p, y, x] = mean over ky, kx of x[p, y · stride + ky, x · stride + kx]

@group(0) @binding(0) var<storage, read> x: array<f32, 432>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 120>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 4u + column] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 30u) {
    return;
  }
  let columnBlock = 0u;
  let row = lane % 5u;
  let plane = lane / 5u;
  let outRow = plane * 5u + row;
  let firstColumn = columnBlock * 4u;
  for (var column = firstColumn; column < firstColumn + 4u; column++) {
    var sum = 0.0;
    for (var ky = 0u; ky < 3u; ky++) {
      let inputRow = row * 2u + ky - 1u;
      if (inputRow >= 9u) {
        continue;
      }
      for (var kx = 0u; kx < 3u; kx++) {
        let inputColumn = column * 2u + kx;
        if (inputColumn < 8u) {
          sum += x[(plane * 9u + inputRow) * 8u + inputColumn];
        }
      }
    }
    let result = sum * (1.0 / f32((min(row * 2u + 3u, 10u) - max(row * 2u, 1u)) * (min(column * 2u + 3u, 8u) - column * 2u)));
    store_out(outRow, column, result);
  }
}
