// out[m, n] = relu(add(Σ over k of a[m, k] · b[n, k], operand0)), with m < 10, n < 7, k < 6

@group(0) @binding(0) var<storage, read> a: array<f32, 60>;
@group(0) @binding(1) var<storage, read> b: array<f32, 42>;
@group(0) @binding(2) var<storage, read> operand0: array<f32, 7>;
@group(0) @binding(3) var<storage, read_write> saved0: array<f32, 70>;
@group(0) @binding(4) var<storage, read_write> out: array<f32, 70>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    a[row * 6u + column],
    a[row * 6u + min(column + 1u, 5u)],
    a[row * 6u + min(column + 2u, 5u)],
    a[row * 6u + min(column + 3u, 5u)],
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
  let index = row * 7u + column;
  out[index] = value.x;
  if (column + 1u < 7u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 7u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 7u) {
    out[index + 3u] = value.w;
  }
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(
    operand0[column],
    operand0[min(column + 1u, 6u)],
    operand0[min(column + 2u, 6u)],
    operand0[min(column + 3u, 6u)],
  );
}

fn store_saved0(row: u32, column: u32, value: Value) {
  let index = row * 7u + column;
  saved0[index] = value.x;
  if (column + 1u < 7u) {
    saved0[index + 1u] = value.y;
  }
  if (column + 2u < 7u) {
    saved0[index + 2u] = value.z;
  }
  if (column + 3u < 7u) {
    saved0[index + 3u] = value.w;
  }
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
  if (lane >= 20u) {
    return;
  }
  let row = lane / 2u;
  let column = (lane % 2u) * 4u;
  var sum0 = vec4f(0.0);
  for (var k = 0u; k < 4u; k += 4u) {
    let a0 = load_a(row, k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 6u), k);
    let column2 = load_b(min(column + 2u, 6u), k);
    let column3 = load_b(min(column + 3u, 6u), k);
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    let b2 = vec4f(column0.z, column1.z, column2.z, column3.z);
    let b3 = vec4f(column0.w, column1.w, column2.w, column3.w);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
    sum0 += a0.z * b2;
    sum0 += a0.w * b3;
  }
  {
    let k = 4u;
    let a0 = load_a(row, k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 6u), k);
    let column2 = load_b(min(column + 2u, 6u), k);
    let column3 = load_b(min(column + 3u, 6u), k);
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
  }
  store_out(row, column, epilogue(sum0, row, column));
}
