// out = dropout(add(dropout(add(x, operand0), operand1), operand2), operand3) over [5, 7]

@group(0) @binding(0) var<storage, read> x: array<f32, 35>;
@group(0) @binding(1) var<storage, read> operand0: array<f32, 7>;
@group(0) @binding(2) var<storage, read> operand1: array<u32, 3>;
@group(0) @binding(3) var<storage, read_write> saved0: array<f32, 35>;
@group(0) @binding(4) var<storage, read> operand2: array<f32, 35>;
@group(0) @binding(5) var<storage, read> operand3: array<u32, 3>;
@group(0) @binding(6) var<storage, read_write> out: array<f32, 35>;

alias Value = vec4f;

fn load_x(row: u32, column: u32) -> Value {
  return Value(
    x[row * 7u + column],
    x[row * 7u + min(column + 1u, 6u)],
    x[row * 7u + min(column + 2u, 6u)],
    x[row * 7u + min(column + 3u, 6u)],
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

fn block_operand1(block: u32) -> vec4f {
  let words = philox(vec4u(block, operand1[2u], 3u, 2u), vec2u(operand1[0u], operand1[1u]));
  return select(vec4f(0.0), vec4f(1.3333333333333333f), (words >> vec4u(8u)) >= vec4u(4194304u));
}

fn load_operand1(row: u32, column: u32) -> Value {
  let index = row * 7u + column;
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
  store_saved0(row, column, mask);
  return mask;
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

fn load_operand2(row: u32, column: u32) -> Value {
  return Value(
    operand2[row * 7u + column],
    operand2[row * 7u + min(column + 1u, 6u)],
    operand2[row * 7u + min(column + 2u, 6u)],
    operand2[row * 7u + min(column + 3u, 6u)],
  );
}

fn block_operand3(block: u32) -> vec4f {
  let words = philox(vec4u(block, operand3[2u], 3u, 3u), vec2u(operand3[0u], operand3[1u]));
  return select(vec4f(0.0), vec4f(2.0f), (words >> vec4u(8u)) >= vec4u(8388608u));
}

fn load_operand3(row: u32, column: u32) -> Value {
  let index = row * 7u + column;
  let first = block_operand3(index / 4u);
  let next = block_operand3(index / 4u + 1u);
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
  return mask;
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

fn dropout(x: Value, mask: Value) -> Value {
  return x * mask;
}

fn dropout2(x: Value, mask: Value) -> Value {
  return x * mask;
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = add(value, load_operand0(row, column));
  value = dropout(value, load_operand1(row, column));
  value = add(value, load_operand2(row, column));
  value = dropout2(value, load_operand3(row, column));
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 10u) {
    return;
  }
  let row = lane / 2u;
  let column = (lane % 2u) * 4u;
  store_out(row, column, chain(load_x(row, column), row, column));
}
