// out[p, y, x] = max over ky, kx of x[p, y · stride + ky, x · stride + kx]
// index = ky · 3 + kx of the first that is the largest

@group(0) @binding(0) var<storage, read> x: array<f32, 432>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 120>;
@group(0) @binding(2) var<storage, read_write> index: array<f32, 120>;

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
    var result = 0.0;
    var chosen = 9u;
    for (var ky = 0u; ky < 3u; ky++) {
      let inputRow = row * 2u + ky - 1u;
      if (inputRow >= 9u) {
        continue;
      }
      for (var kx = 0u; kx < 3u; kx++) {
        let inputColumn = column * 2u + kx;
        if (inputColumn >= 8u) {
          continue;
        }
        let value = x[(plane * 9u + inputRow) * 8u + inputColumn];
        // By its bits, because a NaN is greater than nothing: what has diverged must not look healthy.
        let isNumber = (bitcast<u32>(value) & 0x7fffffffu) <= 0x7f800000u;
        if (value > result || chosen == 9u || !isNumber) {
          result = value;
          chosen = ky * 3u + kx;
        }
      }
    }
    index[outRow * 4u + column] = f32(chosen);
    store_out(outRow, column, result);
  }
}
