// out[m, n] = Σ over k of a[k, m] · b[n, k], with m < 13, n < 22, k < 10
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
  let row0 = min(tile * 2u, 3u);
  let row1 = min(tile * 2u + 1u, 3u);
  let isOdd = place % 2u == 1u;
  let isHigh = place >= 2u;
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
    let step0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let step1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    let step2 = vec4f(column0.z, column1.z, column2.z, column3.z);
    let step3 = vec4f(column0.w, column1.w, column2.w, column3.w);
    let pair0 = select(step0, step1, isOdd);
    let pair1 = select(step1, step0, isOdd);
    let pair2 = select(step2, step3, isOdd);
    let pair3 = select(step3, step2, isOdd);
    let b0 = select(pair0, pair2, isHigh);
    let b1 = select(pair1, pair3, isHigh);
    let b2 = select(pair2, pair0, isHigh);
    let b3 = select(pair3, pair1, isHigh);
    let columns = mat4x4f(
      vec4f(b0.x, b1.x, b2.x, b3.x),
      vec4f(b0.y, b1.y, b2.y, b3.y),
      vec4f(b0.z, b1.z, b2.z, b3.z),
      vec4f(b0.w, b1.w, b2.w, b3.w),
    );
    {
      let a0 = vec4f(
        a[(k * 4u + place) * 13u + row0 * 4u],
        a[(k * 4u + place) * 13u + min(row0 * 4u + 1u, 12u)],
        a[(k * 4u + place) * 13u + min(row0 * 4u + 2u, 12u)],
        a[(k * 4u + place) * 13u + min(row0 * 4u + 3u, 12u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 += vec4f(a0.x, a1.x, a2.x, a3.x) * columns;
      sum1 += vec4f(a0.y, a1.y, a2.y, a3.y) * columns;
      sum2 += vec4f(a0.z, a1.z, a2.z, a3.z) * columns;
      sum3 += vec4f(a0.w, a1.w, a2.w, a3.w) * columns;
    }
    {
      let a0 = vec4f(
        a[(k * 4u + place) * 13u + row1 * 4u],
        a[(k * 4u + place) * 13u + min(row1 * 4u + 1u, 12u)],
        a[(k * 4u + place) * 13u + min(row1 * 4u + 2u, 12u)],
        a[(k * 4u + place) * 13u + min(row1 * 4u + 3u, 12u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 += vec4f(a0.x, a1.x, a2.x, a3.x) * columns;
      sum5 += vec4f(a0.y, a1.y, a2.y, a3.y) * columns;
      sum6 += vec4f(a0.z, a1.z, a2.z, a3.z) * columns;
      sum7 += vec4f(a0.w, a1.w, a2.w, a3.w) * columns;
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
    let step0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let step1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    let step2 = vec4f(0.0);
    let step3 = vec4f(0.0);
    let pair0 = select(step0, step1, isOdd);
    let pair1 = select(step1, step0, isOdd);
    let pair2 = select(step2, step3, isOdd);
    let pair3 = select(step3, step2, isOdd);
    let b0 = select(pair0, pair2, isHigh);
    let b1 = select(pair1, pair3, isHigh);
    let b2 = select(pair2, pair0, isHigh);
    let b3 = select(pair3, pair1, isHigh);
    {
      let a0 = select(vec4f(0.0), vec4f(
        a[(min(8u + place, 9u)) * 13u + row0 * 4u],
        a[(min(8u + place, 9u)) * 13u + min(row0 * 4u + 1u, 12u)],
        a[(min(8u + place, 9u)) * 13u + min(row0 * 4u + 2u, 12u)],
        a[(min(8u + place, 9u)) * 13u + min(row0 * 4u + 3u, 12u)],
      ), 8u + place < 10u);
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 = fma(vec4f(a0.x), b0, sum0);
      sum0 = fma(vec4f(a1.x), b1, sum0);
      sum0 = fma(vec4f(a2.x), b2, sum0);
      sum0 = fma(vec4f(a3.x), b3, sum0);
      sum1 = fma(vec4f(a0.y), b0, sum1);
      sum1 = fma(vec4f(a1.y), b1, sum1);
      sum1 = fma(vec4f(a2.y), b2, sum1);
      sum1 = fma(vec4f(a3.y), b3, sum1);
      sum2 = fma(vec4f(a0.z), b0, sum2);
      sum2 = fma(vec4f(a1.z), b1, sum2);
      sum2 = fma(vec4f(a2.z), b2, sum2);
      sum2 = fma(vec4f(a3.z), b3, sum2);
      sum3 = fma(vec4f(a0.w), b0, sum3);
      sum3 = fma(vec4f(a1.w), b1, sum3);
      sum3 = fma(vec4f(a2.w), b2, sum3);
      sum3 = fma(vec4f(a3.w), b3, sum3);
    }
    {
      let a0 = select(vec4f(0.0), vec4f(
        a[(min(8u + place, 9u)) * 13u + row1 * 4u],
        a[(min(8u + place, 9u)) * 13u + min(row1 * 4u + 1u, 12u)],
        a[(min(8u + place, 9u)) * 13u + min(row1 * 4u + 2u, 12u)],
        a[(min(8u + place, 9u)) * 13u + min(row1 * 4u + 3u, 12u)],
      ), 8u + place < 10u);
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 = fma(vec4f(a0.x), b0, sum4);
      sum4 = fma(vec4f(a1.x), b1, sum4);
      sum4 = fma(vec4f(a2.x), b2, sum4);
      sum4 = fma(vec4f(a3.x), b3, sum4);
      sum5 = fma(vec4f(a0.y), b0, sum5);
      sum5 = fma(vec4f(a1.y), b1, sum5);
      sum5 = fma(vec4f(a2.y), b2, sum5);
      sum5 = fma(vec4f(a3.y), b3, sum5);
      sum6 = fma(vec4f(a0.z), b0, sum6);
      sum6 = fma(vec4f(a1.z), b1, sum6);
      sum6 = fma(vec4f(a2.z), b2, sum6);
      sum6 = fma(vec4f(a3.z), b3, sum6);
      sum7 = fma(vec4f(a0.w), b0, sum7);
      sum7 = fma(vec4f(a1.w), b1, sum7);
      sum7 = fma(vec4f(a2.w), b2, sum7);
      sum7 = fma(vec4f(a3.w), b3, sum7);
    }
  }
  let firstOfTile = tile * 8u;
  if (isLive && wantedFour < 6u) {
    let column = four * 4u;
    for (var part = 0u; part < 2u; part++) {
      let firstOfPart = firstOfTile + part * 4u;
      let isLower = part >= 1u;
      let chosen0 = select(sum0, sum4, isLower);
      if (firstOfPart < 13u) {
        store_out(firstOfPart, column, chosen0);
      }
      let chosen1 = select(sum1, sum5, isLower);
      if (firstOfPart + 1u < 13u) {
        store_out(firstOfPart + 1u, column, chosen1);
      }
      let chosen2 = select(sum2, sum6, isLower);
      if (firstOfPart + 2u < 13u) {
        store_out(firstOfPart + 2u, column, chosen2);
      }
      let chosen3 = select(sum3, sum7, isLower);
      if (firstOfPart + 3u < 13u) {
        store_out(firstOfPart + 3u, column, chosen3);
      }
    }
  }
}
