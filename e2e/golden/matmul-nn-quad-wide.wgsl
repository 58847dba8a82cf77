// out[m, n] = Σ over k of a[m, k] · b[k, n], with m < 33, n < 38, k < 6
enable subgroups;

@group(0) @binding(0) var<storage, read> a: array<f32, 198>;
@group(0) @binding(1) var<storage, read> b: array<f32, 228>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 1254>;

alias Value = vec4f;

fn store_out(row: u32, column: u32, value: Value) {
  let index = row * 38u + column;
  out[index] = value.x;
  if (column + 1u < 38u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 38u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 38u) {
    out[index + 3u] = value.w;
  }
}

@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 4u) + invocation.x;
  let isLive = lane < 16u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 3u);
  let tile = quad / 2u;
  let wantedFour = (quad % 2u) * 8u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let four = min(wantedFour, 9u);
  let rightFour = min(wantedFour + 4u, 9u);
  let place0 = place;
  let place1 = (place ^ 1u) % 4u;
  let place2 = (place ^ 2u) % 4u;
  let place3 = (place ^ 3u) % 4u;
  let row0 = min(tile * 32u + place, 32u);
  let row1 = min(tile * 32u + 4u + place, 32u);
  let row2 = min(tile * 32u + 8u + place, 32u);
  let row3 = min(tile * 32u + 12u + place, 32u);
  let row4 = min(tile * 32u + 16u + place, 32u);
  let row5 = min(tile * 32u + 20u + place, 32u);
  let row6 = min(tile * 32u + 24u + place, 32u);
  let row7 = min(tile * 32u + 28u + place, 32u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var sum4 = vec4f(0.0);
  var sum5 = vec4f(0.0);
  var sum6 = vec4f(0.0);
  var sum7 = vec4f(0.0);
  var sum8 = vec4f(0.0);
  var sum9 = vec4f(0.0);
  var sum10 = vec4f(0.0);
  var sum11 = vec4f(0.0);
  var sum12 = vec4f(0.0);
  var sum13 = vec4f(0.0);
  var sum14 = vec4f(0.0);
  var sum15 = vec4f(0.0);
  var sum16 = vec4f(0.0);
  var sum17 = vec4f(0.0);
  var sum18 = vec4f(0.0);
  var sum19 = vec4f(0.0);
  var sum20 = vec4f(0.0);
  var sum21 = vec4f(0.0);
  var sum22 = vec4f(0.0);
  var sum23 = vec4f(0.0);
  var sum24 = vec4f(0.0);
  var sum25 = vec4f(0.0);
  var sum26 = vec4f(0.0);
  var sum27 = vec4f(0.0);
  var sum28 = vec4f(0.0);
  var sum29 = vec4f(0.0);
  var sum30 = vec4f(0.0);
  var sum31 = vec4f(0.0);
  var rightSum0 = vec4f(0.0);
  var rightSum1 = vec4f(0.0);
  var rightSum2 = vec4f(0.0);
  var rightSum3 = vec4f(0.0);
  var rightSum4 = vec4f(0.0);
  var rightSum5 = vec4f(0.0);
  var rightSum6 = vec4f(0.0);
  var rightSum7 = vec4f(0.0);
  var rightSum8 = vec4f(0.0);
  var rightSum9 = vec4f(0.0);
  var rightSum10 = vec4f(0.0);
  var rightSum11 = vec4f(0.0);
  var rightSum12 = vec4f(0.0);
  var rightSum13 = vec4f(0.0);
  var rightSum14 = vec4f(0.0);
  var rightSum15 = vec4f(0.0);
  var rightSum16 = vec4f(0.0);
  var rightSum17 = vec4f(0.0);
  var rightSum18 = vec4f(0.0);
  var rightSum19 = vec4f(0.0);
  var rightSum20 = vec4f(0.0);
  var rightSum21 = vec4f(0.0);
  var rightSum22 = vec4f(0.0);
  var rightSum23 = vec4f(0.0);
  var rightSum24 = vec4f(0.0);
  var rightSum25 = vec4f(0.0);
  var rightSum26 = vec4f(0.0);
  var rightSum27 = vec4f(0.0);
  var rightSum28 = vec4f(0.0);
  var rightSum29 = vec4f(0.0);
  var rightSum30 = vec4f(0.0);
  var rightSum31 = vec4f(0.0);
  for (var k = 0u; k < 1u; k++) {
    let b0 = vec4f(
      b[(k * 4u) * 38u + four * 4u],
      b[(k * 4u) * 38u + min(four * 4u + 1u, 37u)],
      b[(k * 4u) * 38u + min(four * 4u + 2u, 37u)],
      b[(k * 4u) * 38u + min(four * 4u + 3u, 37u)],
    );
    let b1 = vec4f(
      b[(k * 4u + 1u) * 38u + four * 4u],
      b[(k * 4u + 1u) * 38u + min(four * 4u + 1u, 37u)],
      b[(k * 4u + 1u) * 38u + min(four * 4u + 2u, 37u)],
      b[(k * 4u + 1u) * 38u + min(four * 4u + 3u, 37u)],
    );
    let b2 = vec4f(
      b[(k * 4u + 2u) * 38u + four * 4u],
      b[(k * 4u + 2u) * 38u + min(four * 4u + 1u, 37u)],
      b[(k * 4u + 2u) * 38u + min(four * 4u + 2u, 37u)],
      b[(k * 4u + 2u) * 38u + min(four * 4u + 3u, 37u)],
    );
    let b3 = vec4f(
      b[(k * 4u + 3u) * 38u + four * 4u],
      b[(k * 4u + 3u) * 38u + min(four * 4u + 1u, 37u)],
      b[(k * 4u + 3u) * 38u + min(four * 4u + 2u, 37u)],
      b[(k * 4u + 3u) * 38u + min(four * 4u + 3u, 37u)],
    );
    let columns = mat4x4f(
      vec4f(b0.x, b1.x, b2.x, b3.x),
      vec4f(b0.y, b1.y, b2.y, b3.y),
      vec4f(b0.z, b1.z, b2.z, b3.z),
      vec4f(b0.w, b1.w, b2.w, b3.w),
    );
    let rightB0 = vec4f(
      b[(k * 4u) * 38u + rightFour * 4u],
      b[(k * 4u) * 38u + min(rightFour * 4u + 1u, 37u)],
      b[(k * 4u) * 38u + min(rightFour * 4u + 2u, 37u)],
      b[(k * 4u) * 38u + min(rightFour * 4u + 3u, 37u)],
    );
    let rightB1 = vec4f(
      b[(k * 4u + 1u) * 38u + rightFour * 4u],
      b[(k * 4u + 1u) * 38u + min(rightFour * 4u + 1u, 37u)],
      b[(k * 4u + 1u) * 38u + min(rightFour * 4u + 2u, 37u)],
      b[(k * 4u + 1u) * 38u + min(rightFour * 4u + 3u, 37u)],
    );
    let rightB2 = vec4f(
      b[(k * 4u + 2u) * 38u + rightFour * 4u],
      b[(k * 4u + 2u) * 38u + min(rightFour * 4u + 1u, 37u)],
      b[(k * 4u + 2u) * 38u + min(rightFour * 4u + 2u, 37u)],
      b[(k * 4u + 2u) * 38u + min(rightFour * 4u + 3u, 37u)],
    );
    let rightB3 = vec4f(
      b[(k * 4u + 3u) * 38u + rightFour * 4u],
      b[(k * 4u + 3u) * 38u + min(rightFour * 4u + 1u, 37u)],
      b[(k * 4u + 3u) * 38u + min(rightFour * 4u + 2u, 37u)],
      b[(k * 4u + 3u) * 38u + min(rightFour * 4u + 3u, 37u)],
    );
    let rightColumns = mat4x4f(
      vec4f(rightB0.x, rightB1.x, rightB2.x, rightB3.x),
      vec4f(rightB0.y, rightB1.y, rightB2.y, rightB3.y),
      vec4f(rightB0.z, rightB1.z, rightB2.z, rightB3.z),
      vec4f(rightB0.w, rightB1.w, rightB2.w, rightB3.w),
    );
    {
      let a0 = vec4f(
        a[row0 * 6u + k * 4u],
        a[row0 * 6u + k * 4u + 1u],
        a[row0 * 6u + k * 4u + 2u],
        a[row0 * 6u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 += a0 * columns;
      rightSum0 += a0 * rightColumns;
      sum1 += a1 * columns;
      rightSum1 += a1 * rightColumns;
      sum2 += a2 * columns;
      rightSum2 += a2 * rightColumns;
      sum3 += a3 * columns;
      rightSum3 += a3 * rightColumns;
    }
    {
      let a0 = vec4f(
        a[row1 * 6u + k * 4u],
        a[row1 * 6u + k * 4u + 1u],
        a[row1 * 6u + k * 4u + 2u],
        a[row1 * 6u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 += a0 * columns;
      rightSum4 += a0 * rightColumns;
      sum5 += a1 * columns;
      rightSum5 += a1 * rightColumns;
      sum6 += a2 * columns;
      rightSum6 += a2 * rightColumns;
      sum7 += a3 * columns;
      rightSum7 += a3 * rightColumns;
    }
    {
      let a0 = vec4f(
        a[row2 * 6u + k * 4u],
        a[row2 * 6u + k * 4u + 1u],
        a[row2 * 6u + k * 4u + 2u],
        a[row2 * 6u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum8 += a0 * columns;
      rightSum8 += a0 * rightColumns;
      sum9 += a1 * columns;
      rightSum9 += a1 * rightColumns;
      sum10 += a2 * columns;
      rightSum10 += a2 * rightColumns;
      sum11 += a3 * columns;
      rightSum11 += a3 * rightColumns;
    }
    {
      let a0 = vec4f(
        a[row3 * 6u + k * 4u],
        a[row3 * 6u + k * 4u + 1u],
        a[row3 * 6u + k * 4u + 2u],
        a[row3 * 6u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum12 += a0 * columns;
      rightSum12 += a0 * rightColumns;
      sum13 += a1 * columns;
      rightSum13 += a1 * rightColumns;
      sum14 += a2 * columns;
      rightSum14 += a2 * rightColumns;
      sum15 += a3 * columns;
      rightSum15 += a3 * rightColumns;
    }
    {
      let a0 = vec4f(
        a[row4 * 6u + k * 4u],
        a[row4 * 6u + k * 4u + 1u],
        a[row4 * 6u + k * 4u + 2u],
        a[row4 * 6u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum16 += a0 * columns;
      rightSum16 += a0 * rightColumns;
      sum17 += a1 * columns;
      rightSum17 += a1 * rightColumns;
      sum18 += a2 * columns;
      rightSum18 += a2 * rightColumns;
      sum19 += a3 * columns;
      rightSum19 += a3 * rightColumns;
    }
    {
      let a0 = vec4f(
        a[row5 * 6u + k * 4u],
        a[row5 * 6u + k * 4u + 1u],
        a[row5 * 6u + k * 4u + 2u],
        a[row5 * 6u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum20 += a0 * columns;
      rightSum20 += a0 * rightColumns;
      sum21 += a1 * columns;
      rightSum21 += a1 * rightColumns;
      sum22 += a2 * columns;
      rightSum22 += a2 * rightColumns;
      sum23 += a3 * columns;
      rightSum23 += a3 * rightColumns;
    }
    {
      let a0 = vec4f(
        a[row6 * 6u + k * 4u],
        a[row6 * 6u + k * 4u + 1u],
        a[row6 * 6u + k * 4u + 2u],
        a[row6 * 6u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum24 += a0 * columns;
      rightSum24 += a0 * rightColumns;
      sum25 += a1 * columns;
      rightSum25 += a1 * rightColumns;
      sum26 += a2 * columns;
      rightSum26 += a2 * rightColumns;
      sum27 += a3 * columns;
      rightSum27 += a3 * rightColumns;
    }
    {
      let a0 = vec4f(
        a[row7 * 6u + k * 4u],
        a[row7 * 6u + k * 4u + 1u],
        a[row7 * 6u + k * 4u + 2u],
        a[row7 * 6u + k * 4u + 3u],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum28 += a0 * columns;
      rightSum28 += a0 * rightColumns;
      sum29 += a1 * columns;
      rightSum29 += a1 * rightColumns;
      sum30 += a2 * columns;
      rightSum30 += a2 * rightColumns;
      sum31 += a3 * columns;
      rightSum31 += a3 * rightColumns;
    }
  }
  {
    let b0 = vec4f(
      b[4u * 38u + four * 4u],
      b[4u * 38u + min(four * 4u + 1u, 37u)],
      b[4u * 38u + min(four * 4u + 2u, 37u)],
      b[4u * 38u + min(four * 4u + 3u, 37u)],
    );
    let b1 = vec4f(
      b[(4u + 1u) * 38u + four * 4u],
      b[(4u + 1u) * 38u + min(four * 4u + 1u, 37u)],
      b[(4u + 1u) * 38u + min(four * 4u + 2u, 37u)],
      b[(4u + 1u) * 38u + min(four * 4u + 3u, 37u)],
    );
    let rightB0 = vec4f(
      b[4u * 38u + rightFour * 4u],
      b[4u * 38u + min(rightFour * 4u + 1u, 37u)],
      b[4u * 38u + min(rightFour * 4u + 2u, 37u)],
      b[4u * 38u + min(rightFour * 4u + 3u, 37u)],
    );
    let rightB1 = vec4f(
      b[(4u + 1u) * 38u + rightFour * 4u],
      b[(4u + 1u) * 38u + min(rightFour * 4u + 1u, 37u)],
      b[(4u + 1u) * 38u + min(rightFour * 4u + 2u, 37u)],
      b[(4u + 1u) * 38u + min(rightFour * 4u + 3u, 37u)],
    );
    {
      let a0 = vec4f(
        a[row0 * 6u + 4u],
        a[row0 * 6u + min(4u + 1u, 5u)],
        a[row0 * 6u + min(4u + 2u, 5u)],
        a[row0 * 6u + min(4u + 3u, 5u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 = fma(vec4f(a0.x), b0, sum0);
      sum0 = fma(vec4f(a0.y), b1, sum0);
      rightSum0 = fma(vec4f(a0.x), rightB0, rightSum0);
      rightSum0 = fma(vec4f(a0.y), rightB1, rightSum0);
      sum1 = fma(vec4f(a1.x), b0, sum1);
      sum1 = fma(vec4f(a1.y), b1, sum1);
      rightSum1 = fma(vec4f(a1.x), rightB0, rightSum1);
      rightSum1 = fma(vec4f(a1.y), rightB1, rightSum1);
      sum2 = fma(vec4f(a2.x), b0, sum2);
      sum2 = fma(vec4f(a2.y), b1, sum2);
      rightSum2 = fma(vec4f(a2.x), rightB0, rightSum2);
      rightSum2 = fma(vec4f(a2.y), rightB1, rightSum2);
      sum3 = fma(vec4f(a3.x), b0, sum3);
      sum3 = fma(vec4f(a3.y), b1, sum3);
      rightSum3 = fma(vec4f(a3.x), rightB0, rightSum3);
      rightSum3 = fma(vec4f(a3.y), rightB1, rightSum3);
    }
    {
      let a0 = vec4f(
        a[row1 * 6u + 4u],
        a[row1 * 6u + min(4u + 1u, 5u)],
        a[row1 * 6u + min(4u + 2u, 5u)],
        a[row1 * 6u + min(4u + 3u, 5u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 = fma(vec4f(a0.x), b0, sum4);
      sum4 = fma(vec4f(a0.y), b1, sum4);
      rightSum4 = fma(vec4f(a0.x), rightB0, rightSum4);
      rightSum4 = fma(vec4f(a0.y), rightB1, rightSum4);
      sum5 = fma(vec4f(a1.x), b0, sum5);
      sum5 = fma(vec4f(a1.y), b1, sum5);
      rightSum5 = fma(vec4f(a1.x), rightB0, rightSum5);
      rightSum5 = fma(vec4f(a1.y), rightB1, rightSum5);
      sum6 = fma(vec4f(a2.x), b0, sum6);
      sum6 = fma(vec4f(a2.y), b1, sum6);
      rightSum6 = fma(vec4f(a2.x), rightB0, rightSum6);
      rightSum6 = fma(vec4f(a2.y), rightB1, rightSum6);
      sum7 = fma(vec4f(a3.x), b0, sum7);
      sum7 = fma(vec4f(a3.y), b1, sum7);
      rightSum7 = fma(vec4f(a3.x), rightB0, rightSum7);
      rightSum7 = fma(vec4f(a3.y), rightB1, rightSum7);
    }
    {
      let a0 = vec4f(
        a[row2 * 6u + 4u],
        a[row2 * 6u + min(4u + 1u, 5u)],
        a[row2 * 6u + min(4u + 2u, 5u)],
        a[row2 * 6u + min(4u + 3u, 5u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum8 = fma(vec4f(a0.x), b0, sum8);
      sum8 = fma(vec4f(a0.y), b1, sum8);
      rightSum8 = fma(vec4f(a0.x), rightB0, rightSum8);
      rightSum8 = fma(vec4f(a0.y), rightB1, rightSum8);
      sum9 = fma(vec4f(a1.x), b0, sum9);
      sum9 = fma(vec4f(a1.y), b1, sum9);
      rightSum9 = fma(vec4f(a1.x), rightB0, rightSum9);
      rightSum9 = fma(vec4f(a1.y), rightB1, rightSum9);
      sum10 = fma(vec4f(a2.x), b0, sum10);
      sum10 = fma(vec4f(a2.y), b1, sum10);
      rightSum10 = fma(vec4f(a2.x), rightB0, rightSum10);
      rightSum10 = fma(vec4f(a2.y), rightB1, rightSum10);
      sum11 = fma(vec4f(a3.x), b0, sum11);
      sum11 = fma(vec4f(a3.y), b1, sum11);
      rightSum11 = fma(vec4f(a3.x), rightB0, rightSum11);
      rightSum11 = fma(vec4f(a3.y), rightB1, rightSum11);
    }
    {
      let a0 = vec4f(
        a[row3 * 6u + 4u],
        a[row3 * 6u + min(4u + 1u, 5u)],
        a[row3 * 6u + min(4u + 2u, 5u)],
        a[row3 * 6u + min(4u + 3u, 5u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum12 = fma(vec4f(a0.x), b0, sum12);
      sum12 = fma(vec4f(a0.y), b1, sum12);
      rightSum12 = fma(vec4f(a0.x), rightB0, rightSum12);
      rightSum12 = fma(vec4f(a0.y), rightB1, rightSum12);
      sum13 = fma(vec4f(a1.x), b0, sum13);
      sum13 = fma(vec4f(a1.y), b1, sum13);
      rightSum13 = fma(vec4f(a1.x), rightB0, rightSum13);
      rightSum13 = fma(vec4f(a1.y), rightB1, rightSum13);
      sum14 = fma(vec4f(a2.x), b0, sum14);
      sum14 = fma(vec4f(a2.y), b1, sum14);
      rightSum14 = fma(vec4f(a2.x), rightB0, rightSum14);
      rightSum14 = fma(vec4f(a2.y), rightB1, rightSum14);
      sum15 = fma(vec4f(a3.x), b0, sum15);
      sum15 = fma(vec4f(a3.y), b1, sum15);
      rightSum15 = fma(vec4f(a3.x), rightB0, rightSum15);
      rightSum15 = fma(vec4f(a3.y), rightB1, rightSum15);
    }
    {
      let a0 = vec4f(
        a[row4 * 6u + 4u],
        a[row4 * 6u + min(4u + 1u, 5u)],
        a[row4 * 6u + min(4u + 2u, 5u)],
        a[row4 * 6u + min(4u + 3u, 5u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum16 = fma(vec4f(a0.x), b0, sum16);
      sum16 = fma(vec4f(a0.y), b1, sum16);
      rightSum16 = fma(vec4f(a0.x), rightB0, rightSum16);
      rightSum16 = fma(vec4f(a0.y), rightB1, rightSum16);
      sum17 = fma(vec4f(a1.x), b0, sum17);
      sum17 = fma(vec4f(a1.y), b1, sum17);
      rightSum17 = fma(vec4f(a1.x), rightB0, rightSum17);
      rightSum17 = fma(vec4f(a1.y), rightB1, rightSum17);
      sum18 = fma(vec4f(a2.x), b0, sum18);
      sum18 = fma(vec4f(a2.y), b1, sum18);
      rightSum18 = fma(vec4f(a2.x), rightB0, rightSum18);
      rightSum18 = fma(vec4f(a2.y), rightB1, rightSum18);
      sum19 = fma(vec4f(a3.x), b0, sum19);
      sum19 = fma(vec4f(a3.y), b1, sum19);
      rightSum19 = fma(vec4f(a3.x), rightB0, rightSum19);
      rightSum19 = fma(vec4f(a3.y), rightB1, rightSum19);
    }
    {
      let a0 = vec4f(
        a[row5 * 6u + 4u],
        a[row5 * 6u + min(4u + 1u, 5u)],
        a[row5 * 6u + min(4u + 2u, 5u)],
        a[row5 * 6u + min(4u + 3u, 5u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum20 = fma(vec4f(a0.x), b0, sum20);
      sum20 = fma(vec4f(a0.y), b1, sum20);
      rightSum20 = fma(vec4f(a0.x), rightB0, rightSum20);
      rightSum20 = fma(vec4f(a0.y), rightB1, rightSum20);
      sum21 = fma(vec4f(a1.x), b0, sum21);
      sum21 = fma(vec4f(a1.y), b1, sum21);
      rightSum21 = fma(vec4f(a1.x), rightB0, rightSum21);
      rightSum21 = fma(vec4f(a1.y), rightB1, rightSum21);
      sum22 = fma(vec4f(a2.x), b0, sum22);
      sum22 = fma(vec4f(a2.y), b1, sum22);
      rightSum22 = fma(vec4f(a2.x), rightB0, rightSum22);
      rightSum22 = fma(vec4f(a2.y), rightB1, rightSum22);
      sum23 = fma(vec4f(a3.x), b0, sum23);
      sum23 = fma(vec4f(a3.y), b1, sum23);
      rightSum23 = fma(vec4f(a3.x), rightB0, rightSum23);
      rightSum23 = fma(vec4f(a3.y), rightB1, rightSum23);
    }
    {
      let a0 = vec4f(
        a[row6 * 6u + 4u],
        a[row6 * 6u + min(4u + 1u, 5u)],
        a[row6 * 6u + min(4u + 2u, 5u)],
        a[row6 * 6u + min(4u + 3u, 5u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum24 = fma(vec4f(a0.x), b0, sum24);
      sum24 = fma(vec4f(a0.y), b1, sum24);
      rightSum24 = fma(vec4f(a0.x), rightB0, rightSum24);
      rightSum24 = fma(vec4f(a0.y), rightB1, rightSum24);
      sum25 = fma(vec4f(a1.x), b0, sum25);
      sum25 = fma(vec4f(a1.y), b1, sum25);
      rightSum25 = fma(vec4f(a1.x), rightB0, rightSum25);
      rightSum25 = fma(vec4f(a1.y), rightB1, rightSum25);
      sum26 = fma(vec4f(a2.x), b0, sum26);
      sum26 = fma(vec4f(a2.y), b1, sum26);
      rightSum26 = fma(vec4f(a2.x), rightB0, rightSum26);
      rightSum26 = fma(vec4f(a2.y), rightB1, rightSum26);
      sum27 = fma(vec4f(a3.x), b0, sum27);
      sum27 = fma(vec4f(a3.y), b1, sum27);
      rightSum27 = fma(vec4f(a3.x), rightB0, rightSum27);
      rightSum27 = fma(vec4f(a3.y), rightB1, rightSum27);
    }
    {
      let a0 = vec4f(
        a[row7 * 6u + 4u],
        a[row7 * 6u + min(4u + 1u, 5u)],
        a[row7 * 6u + min(4u + 2u, 5u)],
        a[row7 * 6u + min(4u + 3u, 5u)],
      );
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum28 = fma(vec4f(a0.x), b0, sum28);
      sum28 = fma(vec4f(a0.y), b1, sum28);
      rightSum28 = fma(vec4f(a0.x), rightB0, rightSum28);
      rightSum28 = fma(vec4f(a0.y), rightB1, rightSum28);
      sum29 = fma(vec4f(a1.x), b0, sum29);
      sum29 = fma(vec4f(a1.y), b1, sum29);
      rightSum29 = fma(vec4f(a1.x), rightB0, rightSum29);
      rightSum29 = fma(vec4f(a1.y), rightB1, rightSum29);
      sum30 = fma(vec4f(a2.x), b0, sum30);
      sum30 = fma(vec4f(a2.y), b1, sum30);
      rightSum30 = fma(vec4f(a2.x), rightB0, rightSum30);
      rightSum30 = fma(vec4f(a2.y), rightB1, rightSum30);
      sum31 = fma(vec4f(a3.x), b0, sum31);
      sum31 = fma(vec4f(a3.y), b1, sum31);
      rightSum31 = fma(vec4f(a3.x), rightB0, rightSum31);
      rightSum31 = fma(vec4f(a3.y), rightB1, rightSum31);
    }
  }
  let firstOfTile = tile * 32u;
  if (isLive && wantedFour < 10u) {
    let column = four * 4u;
    for (var part = 0u; part < 4u; part++) {
      let firstOfPart = firstOfTile + part * 8u;
      let isLower = part >= 2u;
      let isOddPart = part % 2u == 1u;
      let chosen0 = select(select(sum0, sum8, isOddPart), select(sum16, sum24, isOddPart), isLower);
      if (firstOfPart + place0 < 33u) {
        store_out(firstOfPart + place0, column, chosen0);
      }
      let chosen1 = select(select(sum1, sum9, isOddPart), select(sum17, sum25, isOddPart), isLower);
      if (firstOfPart + place1 < 33u) {
        store_out(firstOfPart + place1, column, chosen1);
      }
      let chosen2 = select(select(sum2, sum10, isOddPart), select(sum18, sum26, isOddPart), isLower);
      if (firstOfPart + place2 < 33u) {
        store_out(firstOfPart + place2, column, chosen2);
      }
      let chosen3 = select(select(sum3, sum11, isOddPart), select(sum19, sum27, isOddPart), isLower);
      if (firstOfPart + place3 < 33u) {
        store_out(firstOfPart + place3, column, chosen3);
      }
      let chosen4 = select(select(sum4, sum12, isOddPart), select(sum20, sum28, isOddPart), isLower);
      if (firstOfPart + 4u + place0 < 33u) {
        store_out(firstOfPart + 4u + place0, column, chosen4);
      }
      let chosen5 = select(select(sum5, sum13, isOddPart), select(sum21, sum29, isOddPart), isLower);
      if (firstOfPart + 4u + place1 < 33u) {
        store_out(firstOfPart + 4u + place1, column, chosen5);
      }
      let chosen6 = select(select(sum6, sum14, isOddPart), select(sum22, sum30, isOddPart), isLower);
      if (firstOfPart + 4u + place2 < 33u) {
        store_out(firstOfPart + 4u + place2, column, chosen6);
      }
      let chosen7 = select(select(sum7, sum15, isOddPart), select(sum23, sum31, isOddPart), isLower);
      if (firstOfPart + 4u + place3 < 33u) {
        store_out(firstOfPart + 4u + place3, column, chosen7);
      }
    }
  }
  if (isLive && wantedFour + 4u < 10u) {
    let column = rightFour * 4u;
    for (var part = 0u; part < 4u; part++) {
      let firstOfPart = firstOfTile + part * 8u;
      let isLower = part >= 2u;
      let isOddPart = part % 2u == 1u;
      let chosen0 = select(select(rightSum0, rightSum8, isOddPart), select(rightSum16, rightSum24, isOddPart), isLower);
      if (firstOfPart + place0 < 33u) {
        store_out(firstOfPart + place0, column, chosen0);
      }
      let chosen1 = select(select(rightSum1, rightSum9, isOddPart), select(rightSum17, rightSum25, isOddPart), isLower);
      if (firstOfPart + place1 < 33u) {
        store_out(firstOfPart + place1, column, chosen1);
      }
      let chosen2 = select(select(rightSum2, rightSum10, isOddPart), select(rightSum18, rightSum26, isOddPart), isLower);
      if (firstOfPart + place2 < 33u) {
        store_out(firstOfPart + place2, column, chosen2);
      }
      let chosen3 = select(select(rightSum3, rightSum11, isOddPart), select(rightSum19, rightSum27, isOddPart), isLower);
      if (firstOfPart + place3 < 33u) {
        store_out(firstOfPart + place3, column, chosen3);
      }
      let chosen4 = select(select(rightSum4, rightSum12, isOddPart), select(rightSum20, rightSum28, isOddPart), isLower);
      if (firstOfPart + 4u + place0 < 33u) {
        store_out(firstOfPart + 4u + place0, column, chosen4);
      }
      let chosen5 = select(select(rightSum5, rightSum13, isOddPart), select(rightSum21, rightSum29, isOddPart), isLower);
      if (firstOfPart + 4u + place1 < 33u) {
        store_out(firstOfPart + 4u + place1, column, chosen5);
      }
      let chosen6 = select(select(rightSum6, rightSum14, isOddPart), select(rightSum22, rightSum30, isOddPart), isLower);
      if (firstOfPart + 4u + place2 < 33u) {
        store_out(firstOfPart + 4u + place2, column, chosen6);
      }
      let chosen7 = select(select(rightSum7, rightSum15, isOddPart), select(rightSum23, rightSum31, isOddPart), isLower);
      if (firstOfPart + 4u + place3 < 33u) {
        store_out(firstOfPart + 4u + place3, column, chosen7);
      }
    }
  }
}
