// out[m, n] = Σ over k of reluBackward(a[k, m], operand0) · b[k, n], with m < 12, n < 8, k < 32, for each of 3 products
// rowSums[m] = Σ over k of reluBackward(a[k, m], operand0)

@group(0) @binding(0) var<storage, read> a: array<vec4f, 288>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 192>;
@group(0) @binding(2) var<storage, read> operand0: array<vec4f, 96>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 72>;
@group(0) @binding(4) var<storage, read_write> rowSums: array<f32, 36>;

alias Value = vec4f;

fn load_a(start: u32, row: u32, column: u32) -> Value {
  return a[(start + row * 12u + column) / 4u];
}

fn load_b(start: u32, row: u32, column: u32) -> Value {
  return b[(start + row * 8u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 8u + column) / 4u] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return operand0[(row * 12u + column) / 4u];
}

fn reluBackward(dout: Value, y: Value) -> Value {
  // The subgradient at 0 is 0.
  return select(Value(0.0), dout, y > Value(0.0));
}

fn prologueA(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = reluBackward(value, load_operand0(row, column));
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 18u) {
    return;
  }
  let product = lane / 6u;
  let firstRow = product * 12u;
  let startA = product * 384u;
  let firstRowA = product * 32u;
  let startB = product * 256u;
  let row = ((lane % 6u) / 2u) * 4u;
  let column = (lane % 2u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var total0 = 0.0;
  var total1 = 0.0;
  var total2 = 0.0;
  var total3 = 0.0;
  for (var k = 0u; k < 32u; k += 4u) {
    let a0 = prologueA(load_a(startA, k, row), firstRowA + k, row);
    let a1 = prologueA(load_a(startA, k + 1u, row), firstRowA + k + 1u, row);
    let a2 = prologueA(load_a(startA, k + 2u, row), firstRowA + k + 2u, row);
    let a3 = prologueA(load_a(startA, k + 3u, row), firstRowA + k + 3u, row);
    let b0 = load_b(startB, k, column);
    let b1 = load_b(startB, k + 1u, column);
    let b2 = load_b(startB, k + 2u, column);
    let b3 = load_b(startB, k + 3u, column);
    sum0 += a0.x * b0;
    sum0 += a1.x * b1;
    sum0 += a2.x * b2;
    sum0 += a3.x * b3;
    sum1 += a0.y * b0;
    sum1 += a1.y * b1;
    sum1 += a2.y * b2;
    sum1 += a3.y * b3;
    sum2 += a0.z * b0;
    sum2 += a1.z * b1;
    sum2 += a2.z * b2;
    sum2 += a3.z * b3;
    sum3 += a0.w * b0;
    sum3 += a1.w * b1;
    sum3 += a2.w * b2;
    sum3 += a3.w * b3;
    total0 += a0.x;
    total0 += a1.x;
    total0 += a2.x;
    total0 += a3.x;
    total1 += a0.y;
    total1 += a1.y;
    total1 += a2.y;
    total1 += a3.y;
    total2 += a0.z;
    total2 += a1.z;
    total2 += a2.z;
    total2 += a3.z;
    total3 += a0.w;
    total3 += a1.w;
    total3 += a2.w;
    total3 += a3.w;
  }
  store_out(firstRow + row, column, sum0);
  if (row + 1u < 12u) {
    store_out(firstRow + row + 1u, column, sum1);
  }
  if (row + 2u < 12u) {
    store_out(firstRow + row + 2u, column, sum2);
  }
  if (row + 3u < 12u) {
    store_out(firstRow + row + 3u, column, sum3);
  }
  if (column == 0u) {
    rowSums[firstRow + row] = total0;
    if (row + 1u < 12u) {
      rowSums[firstRow + row + 1u] = total1;
    }
    if (row + 2u < 12u) {
      rowSums[firstRow + row + 2u] = total2;
    }
    if (row + 3u < 12u) {
      rowSums[firstRow + row + 3u] = total3;
    }
  }
}
