// out[m, n] = relu(add(Σ over k of a[m, k] · b[n, k], operand0)), with m < 20, n < 16, k < 24
enable subgroups;

@group(0) @binding(0) var<storage, read> a: array<vec4f, 120>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 96>;
@group(0) @binding(2) var<storage, read> operand0: array<vec4f, 4>;
@group(0) @binding(3) var<storage, read_write> saved0: array<vec4f, 80>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f, 80>;

alias Value = vec4f;

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 16u + column) / 4u] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return operand0[column / 4u];
}

fn store_saved0(row: u32, column: u32, value: Value) {
  saved0[(row * 16u + column) / 4u] = value;
}

fn add(a: Value, b: Value) -> Value {
  return a + b;
}

fn relu(x: Value) -> Value {
  return select(x, Value(0.0), x <= Value(0.0));
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = add(value, load_operand0(row, column));
  store_saved0(row, column, value);
  value = relu(value);
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
  let four = min(wantedFour, 3u);
  let place0 = place;
  let place1 = (place ^ 1u) % 4u;
  let place2 = (place ^ 2u) % 4u;
  let place3 = (place ^ 3u) % 4u;
  let row0 = min(tile * 16u + place, 19u);
  let row1 = min(tile * 16u + 4u + place, 19u);
  let row2 = min(tile * 16u + 8u + place, 19u);
  let row3 = min(tile * 16u + 12u + place, 19u);
  let columnRow0 = min(four * 4u, 15u);
  let columnRow1 = min(four * 4u + 1u, 15u);
  let columnRow2 = min(four * 4u + 2u, 15u);
  let columnRow3 = min(four * 4u + 3u, 15u);
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
  for (var k = 0u; k < 6u; k++) {
    let column0 = b[columnRow0 * 6u + k];
    let column1 = b[columnRow1 * 6u + k];
    let column2 = b[columnRow2 * 6u + k];
    let column3 = b[columnRow3 * 6u + k];
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    let b2 = vec4f(column0.z, column1.z, column2.z, column3.z);
    let b3 = vec4f(column0.w, column1.w, column2.w, column3.w);
    {
      let a0 = a[row0 * 6u + k];
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 = fma(vec4f(a0.x), b0, sum0);
      sum0 = fma(vec4f(a0.y), b1, sum0);
      sum0 = fma(vec4f(a0.z), b2, sum0);
      sum0 = fma(vec4f(a0.w), b3, sum0);
      sum1 = fma(vec4f(a1.x), b0, sum1);
      sum1 = fma(vec4f(a1.y), b1, sum1);
      sum1 = fma(vec4f(a1.z), b2, sum1);
      sum1 = fma(vec4f(a1.w), b3, sum1);
      sum2 = fma(vec4f(a2.x), b0, sum2);
      sum2 = fma(vec4f(a2.y), b1, sum2);
      sum2 = fma(vec4f(a2.z), b2, sum2);
      sum2 = fma(vec4f(a2.w), b3, sum2);
      sum3 = fma(vec4f(a3.x), b0, sum3);
      sum3 = fma(vec4f(a3.y), b1, sum3);
      sum3 = fma(vec4f(a3.z), b2, sum3);
      sum3 = fma(vec4f(a3.w), b3, sum3);
    }
    {
      let a0 = a[row1 * 6u + k];
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 = fma(vec4f(a0.x), b0, sum4);
      sum4 = fma(vec4f(a0.y), b1, sum4);
      sum4 = fma(vec4f(a0.z), b2, sum4);
      sum4 = fma(vec4f(a0.w), b3, sum4);
      sum5 = fma(vec4f(a1.x), b0, sum5);
      sum5 = fma(vec4f(a1.y), b1, sum5);
      sum5 = fma(vec4f(a1.z), b2, sum5);
      sum5 = fma(vec4f(a1.w), b3, sum5);
      sum6 = fma(vec4f(a2.x), b0, sum6);
      sum6 = fma(vec4f(a2.y), b1, sum6);
      sum6 = fma(vec4f(a2.z), b2, sum6);
      sum6 = fma(vec4f(a2.w), b3, sum6);
      sum7 = fma(vec4f(a3.x), b0, sum7);
      sum7 = fma(vec4f(a3.y), b1, sum7);
      sum7 = fma(vec4f(a3.z), b2, sum7);
      sum7 = fma(vec4f(a3.w), b3, sum7);
    }
    {
      let a0 = a[row2 * 6u + k];
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum8 = fma(vec4f(a0.x), b0, sum8);
      sum8 = fma(vec4f(a0.y), b1, sum8);
      sum8 = fma(vec4f(a0.z), b2, sum8);
      sum8 = fma(vec4f(a0.w), b3, sum8);
      sum9 = fma(vec4f(a1.x), b0, sum9);
      sum9 = fma(vec4f(a1.y), b1, sum9);
      sum9 = fma(vec4f(a1.z), b2, sum9);
      sum9 = fma(vec4f(a1.w), b3, sum9);
      sum10 = fma(vec4f(a2.x), b0, sum10);
      sum10 = fma(vec4f(a2.y), b1, sum10);
      sum10 = fma(vec4f(a2.z), b2, sum10);
      sum10 = fma(vec4f(a2.w), b3, sum10);
      sum11 = fma(vec4f(a3.x), b0, sum11);
      sum11 = fma(vec4f(a3.y), b1, sum11);
      sum11 = fma(vec4f(a3.z), b2, sum11);
      sum11 = fma(vec4f(a3.w), b3, sum11);
    }
    {
      let a0 = a[row3 * 6u + k];
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum12 = fma(vec4f(a0.x), b0, sum12);
      sum12 = fma(vec4f(a0.y), b1, sum12);
      sum12 = fma(vec4f(a0.z), b2, sum12);
      sum12 = fma(vec4f(a0.w), b3, sum12);
      sum13 = fma(vec4f(a1.x), b0, sum13);
      sum13 = fma(vec4f(a1.y), b1, sum13);
      sum13 = fma(vec4f(a1.z), b2, sum13);
      sum13 = fma(vec4f(a1.w), b3, sum13);
      sum14 = fma(vec4f(a2.x), b0, sum14);
      sum14 = fma(vec4f(a2.y), b1, sum14);
      sum14 = fma(vec4f(a2.z), b2, sum14);
      sum14 = fma(vec4f(a2.w), b3, sum14);
      sum15 = fma(vec4f(a3.x), b0, sum15);
      sum15 = fma(vec4f(a3.y), b1, sum15);
      sum15 = fma(vec4f(a3.z), b2, sum15);
      sum15 = fma(vec4f(a3.w), b3, sum15);
    }
  }
  let firstOfTile = tile * 16u;
  let column = four * 4u;
  if (isLive && wantedFour < 4u) {
    for (var part = 0u; part < 4u; part++) {
      let firstOfPart = firstOfTile + part * 4u;
      let isLower = part >= 2u;
      let isOddPart = part % 2u == 1u;
      let chosen0 = select(select(sum0, sum4, isOddPart), select(sum8, sum12, isOddPart), isLower);
      if (firstOfPart + place0 < 20u) {
        store_out(firstOfPart + place0, column, epilogue(chosen0, firstOfPart + place0, column));
      }
      let chosen1 = select(select(sum1, sum5, isOddPart), select(sum9, sum13, isOddPart), isLower);
      if (firstOfPart + place1 < 20u) {
        store_out(firstOfPart + place1, column, epilogue(chosen1, firstOfPart + place1, column));
      }
      let chosen2 = select(select(sum2, sum6, isOddPart), select(sum10, sum14, isOddPart), isLower);
      if (firstOfPart + place2 < 20u) {
        store_out(firstOfPart + place2, column, epilogue(chosen2, firstOfPart + place2, column));
      }
      let chosen3 = select(select(sum3, sum7, isOddPart), select(sum11, sum15, isOddPart), isLower);
      if (firstOfPart + place3 < 20u) {
        store_out(firstOfPart + place3, column, epilogue(chosen3, firstOfPart + place3, column));
      }
    }
  }
}
