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
    let columns = mat4x4f(column0, column1, column2, column3);
    {
      let a0 = a[row0 * 6u + k];
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 += a0 * columns;
      sum1 += a1 * columns;
      sum2 += a2 * columns;
      sum3 += a3 * columns;
    }
    {
      let a0 = a[row1 * 6u + k];
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 += a0 * columns;
      sum5 += a1 * columns;
      sum6 += a2 * columns;
      sum7 += a3 * columns;
    }
    {
      let a0 = a[row2 * 6u + k];
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum8 += a0 * columns;
      sum9 += a1 * columns;
      sum10 += a2 * columns;
      sum11 += a3 * columns;
    }
    {
      let a0 = a[row3 * 6u + k];
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum12 += a0 * columns;
      sum13 += a1 * columns;
      sum14 += a2 * columns;
      sum15 += a3 * columns;
    }
  }
  let firstOfTile = tile * 16u;
  if (isLive && wantedFour < 4u) {
    let column = four * 4u;
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
