// out[m, n] = Σ over k of reluBackward(a[k, m], operand0) · b[k, n], with m < 12, n < 8, k < 16
// rowSums[m] = Σ over k of reluBackward(a[k, m], operand0)

@group(0) @binding(0) var<storage, read> a: array<vec4f, 48>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 32>;
@group(0) @binding(2) var<storage, read> operand0: array<vec4f, 48>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 24>;
@group(0) @binding(4) var<storage, read_write> rowSums: array<f32, 12>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return a[(row * 12u + column) / 4u];
}

fn load_b(row: u32, column: u32) -> Value {
  return b[(row * 8u + column) / 4u];
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
  if (lane >= 6u) {
    return;
  }
  let row = (lane / 2u) * 4u;
  let column = (lane % 2u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var total0 = 0.0;
  var total1 = 0.0;
  var total2 = 0.0;
  var total3 = 0.0;
  for (var k = 0u; k < 16u; k += 4u) {
    let a0 = prologueA(load_a(k, row), k, row);
    let a1 = prologueA(load_a(k + 1u, row), k + 1u, row);
    let a2 = prologueA(load_a(k + 2u, row), k + 2u, row);
    let a3 = prologueA(load_a(k + 3u, row), k + 3u, row);
    let b0 = load_b(k, column);
    let b1 = load_b(k + 1u, column);
    let b2 = load_b(k + 2u, column);
    let b3 = load_b(k + 3u, column);
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
  store_out(row, column, sum0);
  if (row + 1u < 12u) {
    store_out(row + 1u, column, sum1);
  }
  if (row + 2u < 12u) {
    store_out(row + 2u, column, sum2);
  }
  if (row + 3u < 12u) {
    store_out(row + 3u, column, sum3);
  }
  if (column == 0u) {
    rowSums[row] = total0;
    if (row + 1u < 12u) {
      rowSums[row + 1u] = total1;
    }
    if (row + 2u < 12u) {
      rowSums[row + 2u] = total2;
    }
    if (row + 3u < 12u) {
      rowSums[row + 3u] = total3;
    }
  }
}
