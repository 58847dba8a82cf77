// out[m, n] = dropout(relu(add(Σ over k of a[m, k] · b[n, k], operand0)), operand1), with m < 10, n < 10, k < 6

@group(0) @binding(0) var<storage, read> a: array<f32, 60>;
@group(0) @binding(1) var<storage, read> b: array<f32, 60>;
@group(0) @binding(2) var<storage, read> operand0: array<f32, 10>;
@group(0) @binding(3) var<storage, read_write> saved0: array<f32, 100>;
@group(0) @binding(4) var<storage, read> operand1: array<u32, 3>;
@group(0) @binding(5) var<storage, read_write> saved1: array<f32, 100>;
@group(0) @binding(6) var<storage, read_write> out: array<f32, 100>;

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
  let index = row * 10u + column;
  out[index] = value.x;
  if (column + 1u < 10u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 10u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 10u) {
    out[index + 3u] = value.w;
  }
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(
    operand0[column],
    operand0[min(column + 1u, 9u)],
    operand0[min(column + 2u, 9u)],
    operand0[min(column + 3u, 9u)],
  );
}

fn store_saved0(row: u32, column: u32, value: Value) {
  let index = row * 10u + column;
  saved0[index] = value.x;
  if (column + 1u < 10u) {
    saved0[index + 1u] = value.y;
  }
  if (column + 2u < 10u) {
    saved0[index + 2u] = value.z;
  }
  if (column + 3u < 10u) {
    saved0[index + 3u] = value.w;
  }
}

fn block_operand1(block: u32) -> vec4f {
  let words = philox(vec4u(block, operand1[2u], 3u, 2u), vec2u(operand1[0u], operand1[1u]));
  return select(vec4f(0.0), vec4f(1.3333333333333333f), (words >> vec4u(8u)) >= vec4u(4194304u));
}

fn load_operand1(row: u32, column: u32) -> Value {
  let index = row * 10u + column;
  let first = block_operand1(index / 4u);
  let next = block_operand1(index / 4u + 1u);
  var mask = first;
  switch index % 4u {
    case 1u: {
      mask = vec4f(first.yzw, next.x);
    }
    case 2u: {
      mask = vec4f(first.zw, next.xy);
    }
    case 3u: {
      mask = vec4f(first.w, next.xyz);
    }
    default: {}
  }
  store_saved1(row, column, mask);
  return mask;
}

fn store_saved1(row: u32, column: u32, value: Value) {
  let index = row * 10u + column;
  saved1[index] = value.x;
  if (column + 1u < 10u) {
    saved1[index + 1u] = value.y;
  }
  if (column + 2u < 10u) {
    saved1[index + 2u] = value.z;
  }
  if (column + 3u < 10u) {
    saved1[index + 3u] = value.w;
  }
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

fn add(a: Value, b: Value) -> Value {
  return a + b;
}

fn relu(x: Value) -> Value {
  return select(x, Value(0.0), x <= Value(0.0));
}

fn dropout(x: Value, mask: Value) -> Value {
  return x * mask;
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = add(value, load_operand0(row, column));
  value = relu(value);
  store_saved0(row, column, value);
  value = dropout(value, load_operand1(row, column));
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 9u) {
    return;
  }
  let row = (lane / 3u) * 4u;
  let column = (lane % 3u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 4u; k += 4u) {
    let a0 = load_a(row, k);
    let a1 = load_a(min(row + 1u, 9u), k);
    let a2 = load_a(min(row + 2u, 9u), k);
    let a3 = load_a(min(row + 3u, 9u), k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 9u), k);
    let column2 = load_b(min(column + 2u, 9u), k);
    let column3 = load_b(min(column + 3u, 9u), k);
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
  {
    let k = 4u;
    let a0 = load_a(row, k);
    let a1 = load_a(min(row + 1u, 9u), k);
    let a2 = load_a(min(row + 2u, 9u), k);
    let a3 = load_a(min(row + 3u, 9u), k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 9u), k);
    let column2 = load_b(min(column + 2u, 9u), k);
    let column3 = load_b(min(column + 3u, 9u), k);
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
    sum1 += a1.x * b0;
    sum1 += a1.y * b1;
    sum2 += a2.x * b0;
    sum2 += a2.y * b1;
    sum3 += a3.x * b0;
    sum3 += a3.y * b1;
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
