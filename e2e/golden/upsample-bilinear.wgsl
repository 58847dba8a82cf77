// out[p, y, x] = the mean of the four neighbours of x at ((y + 1/2) / 2 - 1/2, (x + 1/2) / 3 - 1/2) by their distance

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
    let atRow = max(2u * row + 1u, 2u) - 2u;
    let firstRowIn = atRow / 4u;
    let secondRowIn = min(firstRowIn + 1u, 3u);
    let farRow = f32(atRow % 4u) * 0.25f;
    let atColumn = max(2u * column + 1u, 3u) - 3u;
    let firstColumnIn = atColumn / 6u;
    let secondColumnIn = min(firstColumnIn + 1u, 4u);
    let farColumn = f32(atColumn % 6u) * 0.16666666666666666f;
    let upper = x[start + firstRowIn * 5u + firstColumnIn] * (1.0 - farColumn) + x[start + firstRowIn * 5u + secondColumnIn] * farColumn;
    let lower = x[start + secondRowIn * 5u + firstColumnIn] * (1.0 - farColumn) + x[start + secondRowIn * 5u + secondColumnIn] * farColumn;
    let result = upper * (1.0 - farRow) + lower * farRow;
    out[(plane * 8u + row) * 15u + column] = result;
  }
}
