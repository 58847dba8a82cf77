// out[m, n] = Σ over k of reluBackward(a[k, m], operand0) · b[k, n], with m < 7, n < 6, k < 10
// rowSums[m] = Σ over k of reluBackward(a[k, m], operand0)

@group(0) @binding(0) var<storage, read> a: array<f32, 70>;
@group(0) @binding(1) var<storage, read> b: array<f32, 60>;
@group(0) @binding(2) var<storage, read> operand0: array<f32, 70>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 42>;
@group(0) @binding(4) var<storage, read_write> rowSums: array<f32, 7>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    a[row * 7u + column],
    a[row * 7u + min(column + 1u, 6u)],
    a[row * 7u + min(column + 2u, 6u)],
    a[row * 7u + min(column + 3u, 6u)],
  );
}

fn load_b(row: u32, column: u32) -> Value {
  return Value(
    b[row * 6u + column],
    b[row * 6u + min(column + 1u, 5u)],
    b[row * 6u + min(column + 2u, 5u)],
    b[row * 6u + min(column + 3u, 5u)],
  );
}

fn store_out(row: u32, column: u32, value: Value) {
  let index = row * 6u + column;
  out[index] = value.x;
  if (column + 1u < 6u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 6u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 6u) {
    out[index + 3u] = value.w;
  }
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(
    operand0[row * 7u + column],
    operand0[row * 7u + min(column + 1u, 6u)],
    operand0[row * 7u + min(column + 2u, 6u)],
    operand0[row * 7u + min(column + 3u, 6u)],
  );
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
  if (lane >= 4u) {
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
  for (var k = 0u; k < 10u; k += 1u) {
    let a0 = prologueA(load_a(k, row), k, row);
    let b0 = load_b(k, column);
    sum0 += a0.x * b0;
    sum1 += a0.y * b0;
    sum2 += a0.z * b0;
    sum3 += a0.w * b0;
    total0 += a0.x;
    total1 += a0.y;
    total2 += a0.z;
    total3 += a0.w;
  }
  store_out(row, column, sum0);
  if (row + 1u < 7u) {
    store_out(row + 1u, column, sum1);
  }
  if (row + 2u < 7u) {
    store_out(row + 2u, column, sum2);
  }
  if (row + 3u < 7u) {
    store_out(row + 3u, column, sum3);
  }
  if (column == 0u) {
    rowSums[row] = total0;
    if (row + 1u < 7u) {
      rowSums[row + 1u] = total1;
    }
    if (row + 2u < 7u) {
      rowSums[row + 2u] = total2;
    }
    if (row + 3u < 7u) {
      rowSums[row + 3u] = total3;
    }
  }
}
