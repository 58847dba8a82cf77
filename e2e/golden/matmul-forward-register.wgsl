// out[m, n] = relu(add(Σ over k of a[m, k] · b[n, k], operand0)), with m < 10, n < 8, k < 12

@group(0) @binding(0) var<storage, read> a: array<vec4f, 30>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 24>;
@group(0) @binding(2) var<storage, read> operand0: array<vec4f, 2>;
@group(0) @binding(3) var<storage, read_write> saved0: array<vec4f, 20>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f, 20>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return a[(row * 12u + column) / 4u];
}

fn load_b(row: u32, column: u32) -> Value {
  return b[(row * 12u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 8u + column) / 4u] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return operand0[column / 4u];
}

fn store_saved0(row: u32, column: u32, value: Value) {
  saved0[(row * 8u + column) / 4u] = value;
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
  for (var k = 0u; k < 12u; k += 4u) {
    let a0 = load_a(row, k);
    let a1 = load_a(min(row + 1u, 9u), k);
    let a2 = load_a(min(row + 2u, 9u), k);
    let a3 = load_a(min(row + 3u, 9u), k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 7u), k);
    let column2 = load_b(min(column + 2u, 7u), k);
    let column3 = load_b(min(column + 3u, 7u), k);
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    let b2 = vec4f(column0.z, column1.z, column2.z, column3.z);
    let b3 = vec4f(column0.w, column1.w, column2.w, column3.w);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
    sum0 += a0.z * b2;
    sum0 += a0.w * b3;
    sum1 += a1.x * b0;
    sum1 += a1.y * b1;
    sum1 += a1.z * b2;
    sum1 += a1.w * b3;
    sum2 += a2.x * b0;
    sum2 += a2.y * b1;
    sum2 += a2.z * b2;
    sum2 += a2.w * b3;
    sum3 += a3.x * b0;
    sum3 += a3.y * b1;
    sum3 += a3.z * b2;
    sum3 += a3.w * b3;
  }
  store_out(row, column, epilogue(sum0, row, column));
  if (row + 1u < 10u) {
    store_out(row + 1u, column, epilogue(sum1, row + 1u, column));
  }
  if (row + 2u < 10u) {
    store_out(row + 2u, column, epilogue(sum2, row + 2u, column));
  }
  if (row + 3u < 10u) {
    store_out(row + 3u, column, epilogue(sum3, row + 3u, column));
  }
}
