// out[m, n] = Σ over k of a[m, k] · b[n, k], with m < 13, n < 22, k < 10
enable subgroups;

@group(0) @binding(0) var<storage, read> a: array<f32, 130>;
@group(0) @binding(1) var<storage, read> b: array<f32, 220>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 286>;

alias Value = vec4f;

fn store_out(row: u32, column: u32, value: Value) {
  let index = row * 22u + column;
  out[index] = value.x;
  if (column + 1u < 22u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 22u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 22u) {
    out[index + 3u] = value.w;
  }
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 16u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 3u);
  let tile = quad / 2u;
  let wantedFour = (quad % 2u) * 4u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let four = min(wantedFour, 5u);
  let place0 = place;
  let place1 = (place ^ 1u) % 4u;
  let place2 = (place ^ 2u) % 4u;
  let place3 = (place ^ 3u) % 4u;
  let row0 = min(tile * 8u + place, 12u);
  let row1 = min(tile * 8u + 4u + place, 12u);
  let columnRow0 = min(four * 4u, 21u);
  let columnRow1 = min(four * 4u + 1u, 21u);
  let columnRow2 = min(four * 4u + 2u, 21u);
  let columnRow3 = min(four * 4u + 3u, 21u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var sum4 = vec4f(0.0);
  var sum5 = vec4f(0.0);
  var sum6 = vec4f(0.0);
  var sum7 = vec4f(0.0);
  for (var k = 0u; k < 2u; k++) {
    let column0 = vec4f(
      b[columnRow0 * 10u + k * 4u],
      b[columnRow0 * 10u + k * 4u + 1u],
      b[columnRow0 * 10u + k * 4u + 2u],
      b[columnRow0 * 10u + k * 4u + 3u],
    );
    let column1 = vec4f(
      b[columnRow1 * 10u + k * 4u],
      b[columnRow1 * 10u + k * 4u + 1u],
      b[columnRow1 * 10u + k * 4u + 2u],
      b[columnRow1 * 10u + k * 4u + 3u],
    );
    let column2 = vec4f(
      b[columnRow2 * 10u + k * 4u],
      b[columnRow2 * 10u + k * 4u + 1u],
      b[columnRow2 * 10u + k * 4u + 2u],
      b[columnRow2 * 10u + k * 4u + 3u],
    );
    let column3 = vec4f(
      b[columnRow3 * 10u + k * 4u],
      b[columnRow3 * 10u + k * 4u + 1u],
      b[columnRow3 * 10u + k * 4u + 2u],
      b[columnRow3 * 10u + k * 4u + 3u],
    );
    let columns = mat4x4f(column0, column1, column2, column3);
    {
      let a0 = vec4f(
        a[row0 * 10u + k * 4u],
        a[row0 * 10u + k * 4u + 1u],
        a[row0 * 10u + k * 4u + 2u],
        a[row0 * 10u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 += a0 * columns;
      sum1 += a1 * columns;
      sum2 += a2 * columns;
      sum3 += a3 * columns;
    }
    {
      let a0 = vec4f(
        a[row1 * 10u + k * 4u],
        a[row1 * 10u + k * 4u + 1u],
        a[row1 * 10u + k * 4u + 2u],
        a[row1 * 10u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 += a0 * columns;
      sum5 += a1 * columns;
      sum6 += a2 * columns;
      sum7 += a3 * columns;
    }
  }
  {
    let column0 = vec4f(
      b[columnRow0 * 10u + 8u],
      b[columnRow0 * 10u + min(8u + 1u, 9u)],
      b[columnRow0 * 10u + min(8u + 2u, 9u)],
      b[columnRow0 * 10u + min(8u + 3u, 9u)],
    );
    let column1 = vec4f(
      b[columnRow1 * 10u + 8u],
      b[columnRow1 * 10u + min(8u + 1u, 9u)],
      b[columnRow1 * 10u + min(8u + 2u, 9u)],
      b[columnRow1 * 10u + min(8u + 3u, 9u)],
    );
    let column2 = vec4f(
      b[columnRow2 * 10u + 8u],
      b[columnRow2 * 10u + min(8u + 1u, 9u)],
      b[columnRow2 * 10u + min(8u + 2u, 9u)],
      b[columnRow2 * 10u + min(8u + 3u, 9u)],
    );
    let column3 = vec4f(
      b[columnRow3 * 10u + 8u],
      b[columnRow3 * 10u + min(8u + 1u, 9u)],
      b[columnRow3 * 10u + min(8u + 2u, 9u)],
      b[columnRow3 * 10u + min(8u + 3u, 9u)],
    );
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    {
      let a0 = vec4f(
        a[row0 * 10u + 8u],
        a[row0 * 10u + min(8u + 1u, 9u)],
        a[row0 * 10u + min(8u + 2u, 9u)],
        a[row0 * 10u + min(8u + 3u, 9u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 = fma(vec4f(a0.x), b0, sum0);
      sum0 = fma(vec4f(a0.y), b1, sum0);
      sum1 = fma(vec4f(a1.x), b0, sum1);
      sum1 = fma(vec4f(a1.y), b1, sum1);
      sum2 = fma(vec4f(a2.x), b0, sum2);
      sum2 = fma(vec4f(a2.y), b1, sum2);
      sum3 = fma(vec4f(a3.x), b0, sum3);
      sum3 = fma(vec4f(a3.y), b1, sum3);
    }
    {
      let a0 = vec4f(
        a[row1 * 10u + 8u],
        a[row1 * 10u + min(8u + 1u, 9u)],
        a[row1 * 10u + min(8u + 2u, 9u)],
        a[row1 * 10u + min(8u + 3u, 9u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 = fma(vec4f(a0.x), b0, sum4);
      sum4 = fma(vec4f(a0.y), b1, sum4);
      sum5 = fma(vec4f(a1.x), b0, sum5);
      sum5 = fma(vec4f(a1.y), b1, sum5);
      sum6 = fma(vec4f(a2.x), b0, sum6);
      sum6 = fma(vec4f(a2.y), b1, sum6);
      sum7 = fma(vec4f(a3.x), b0, sum7);
      sum7 = fma(vec4f(a3.y), b1, sum7);
    }
  }
  let firstOfTile = tile * 8u;
  if (isLive && wantedFour < 6u) {
    let column = four * 4u;
    for (var part = 0u; part < 2u; part++) {
      let firstOfPart = firstOfTile + part * 4u;
      let isLower = part >= 1u;
      let chosen0 = select(sum0, sum4, isLower);
      if (firstOfPart + place0 < 13u) {
        store_out(firstOfPart + place0, column, chosen0);
      }
      let chosen1 = select(sum1, sum5, isLower);
      if (firstOfPart + place1 < 13u) {
        store_out(firstOfPart + place1, column, chosen1);
      }
      let chosen2 = select(sum2, sum6, isLower);
      if (firstOfPart + place2 < 13u) {
        store_out(firstOfPart + place2, column, chosen2);
      }
      let chosen3 = select(sum3, sum7, isLower);
      if (firstOfPart + place3 < 13u) {
        store_out(firstOfPart + place3, column, chosen3);
      }
    }
  }
}
