// out[m, n] = dropout(Σ over k of a[m, k] · b[n, k], operand0), with m < 9, n < 12, k < 6
enable subgroups;

@group(0) @binding(0) var<storage, read> a: array<f32, 54>;
@group(0) @binding(1) var<storage, read> b: array<f32, 72>;
@group(0) @binding(2) var<storage, read> operand0: array<u32, 3>;
@group(0) @binding(3) var<storage, read_write> saved0: array<vec4f, 27>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f, 27>;

alias Value = vec4f;

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 12u + column) / 4u] = value;
}

fn block_operand0(block: u32) -> vec4f {
  let words = philox(vec4u(block, operand0[2u], 3u, 2u), vec2u(operand0[0u], operand0[1u]));
  return select(vec4f(0.0), vec4f(1.3333333333333333f), (words >> vec4u(8u)) >= vec4u(4194304u));
}

fn load_operand0(row: u32, column: u32) -> Value {
  let index = row * 12u + column;
  let mask = block_operand0(index / 4u);
  store_saved0(row, column, mask);
  return mask;
}

fn store_saved0(row: u32, column: u32, value: Value) {
  saved0[(row * 12u + column) / 4u] = value;
}

fn multiplyWide(a: u32, b: u32) -> vec2u {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let middle2 = aLow * bHigh + (middle & 0xffffu);
  return vec2u(aHigh * bHigh + (middle >> 16u) + (middle2 >> 16u), a * b);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let p0 = multiplyWide(0xd2511f53u, c.x);
    let p1 = multiplyWide(0xcd9e8d57u, c.z);
    c = vec4u(p1.x ^ c.y ^ k.x, p1.y, p0.x ^ c.w ^ k.y, p0.y);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

fn uniformFloat(bits: u32) -> f32 {
  return f32(bits >> 8u) * 0x1p-24f;
}

fn dropout(x: Value, mask: Value) -> Value {
  return x * mask;
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = dropout(value, load_operand0(row, column));
  return value;
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 8u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 1u);
  let tile = quad / 1u;
  let wantedFour = (quad % 1u) * 4u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let four = min(wantedFour, 2u);
  let place0 = place;
  let place1 = (place ^ 1u) % 4u;
  let place2 = (place ^ 2u) % 4u;
  let place3 = (place ^ 3u) % 4u;
  let row0 = min(tile * 8u + place, 8u);
  let row1 = min(tile * 8u + 4u + place, 8u);
  let columnRow0 = min(four * 4u, 11u);
  let columnRow1 = min(four * 4u + 1u, 11u);
  let columnRow2 = min(four * 4u + 2u, 11u);
  let columnRow3 = min(four * 4u + 3u, 11u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var sum4 = vec4f(0.0);
  var sum5 = vec4f(0.0);
  var sum6 = vec4f(0.0);
  var sum7 = vec4f(0.0);
  for (var k = 0u; k < 1u; k++) {
    let column0 = vec4f(
      b[columnRow0 * 6u + k * 4u],
      b[columnRow0 * 6u + k * 4u + 1u],
      b[columnRow0 * 6u + k * 4u + 2u],
      b[columnRow0 * 6u + k * 4u + 3u],
    );
    let column1 = vec4f(
      b[columnRow1 * 6u + k * 4u],
      b[columnRow1 * 6u + k * 4u + 1u],
      b[columnRow1 * 6u + k * 4u + 2u],
      b[columnRow1 * 6u + k * 4u + 3u],
    );
    let column2 = vec4f(
      b[columnRow2 * 6u + k * 4u],
      b[columnRow2 * 6u + k * 4u + 1u],
      b[columnRow2 * 6u + k * 4u + 2u],
      b[columnRow2 * 6u + k * 4u + 3u],
    );
    let column3 = vec4f(
      b[columnRow3 * 6u + k * 4u],
      b[columnRow3 * 6u + k * 4u + 1u],
      b[columnRow3 * 6u + k * 4u + 2u],
      b[columnRow3 * 6u + k * 4u + 3u],
    );
    let columns = mat4x4f(column0, column1, column2, column3);
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
      sum1 += a1 * columns;
      sum2 += a2 * columns;
      sum3 += a3 * columns;
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
      sum5 += a1 * columns;
      sum6 += a2 * columns;
      sum7 += a3 * columns;
    }
  }
  {
    let column0 = vec4f(
      b[columnRow0 * 6u + 4u],
      b[columnRow0 * 6u + min(4u + 1u, 5u)],
      b[columnRow0 * 6u + min(4u + 2u, 5u)],
      b[columnRow0 * 6u + min(4u + 3u, 5u)],
    );
    let column1 = vec4f(
      b[columnRow1 * 6u + 4u],
      b[columnRow1 * 6u + min(4u + 1u, 5u)],
      b[columnRow1 * 6u + min(4u + 2u, 5u)],
      b[columnRow1 * 6u + min(4u + 3u, 5u)],
    );
    let column2 = vec4f(
      b[columnRow2 * 6u + 4u],
      b[columnRow2 * 6u + min(4u + 1u, 5u)],
      b[columnRow2 * 6u + min(4u + 2u, 5u)],
      b[columnRow2 * 6u + min(4u + 3u, 5u)],
    );
    let column3 = vec4f(
      b[columnRow3 * 6u + 4u],
      b[columnRow3 * 6u + min(4u + 1u, 5u)],
      b[columnRow3 * 6u + min(4u + 2u, 5u)],
      b[columnRow3 * 6u + min(4u + 3u, 5u)],
    );
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
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
      sum1 = fma(vec4f(a1.x), b0, sum1);
      sum1 = fma(vec4f(a1.y), b1, sum1);
      sum2 = fma(vec4f(a2.x), b0, sum2);
      sum2 = fma(vec4f(a2.y), b1, sum2);
      sum3 = fma(vec4f(a3.x), b0, sum3);
      sum3 = fma(vec4f(a3.y), b1, sum3);
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
      sum5 = fma(vec4f(a1.x), b0, sum5);
      sum5 = fma(vec4f(a1.y), b1, sum5);
      sum6 = fma(vec4f(a2.x), b0, sum6);
      sum6 = fma(vec4f(a2.y), b1, sum6);
      sum7 = fma(vec4f(a3.x), b0, sum7);
      sum7 = fma(vec4f(a3.y), b1, sum7);
    }
  }
  let firstOfTile = tile * 8u;
  if (isLive && wantedFour < 3u) {
    let column = four * 4u;
    for (var i = 0u; i < 8u; i++) {
      let row = firstOfTile + i / 4u * 4u + (place ^ i) % 4u;
      var sum = sum0;
      switch i {
        case 1u: {
          sum = sum1;
        }
        case 2u: {
          sum = sum2;
        }
        case 3u: {
          sum = sum3;
        }
        case 4u: {
          sum = sum4;
        }
        case 5u: {
          sum = sum5;
        }
        case 6u: {
          sum = sum6;
        }
        case 7u: {
          sum = sum7;
        }
        default: {}
      }
      if (row < 9u) {
        store_out(row, column, epilogue(sum, row, column));
      }
    }
  }
}
