// out = dropout(x, operand0) over [1, 35]

@group(0) @binding(0) var<storage, read> x: array<f32, 35>;
@group(0) @binding(1) var<storage, read> operand0: array<u32, 3>;
@group(0) @binding(2) var<storage, read_write> saved0: array<f32, 35>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 35>;

alias Value = vec4f;

fn load_x(row: u32, column: u32) -> Value {
  return Value(
    x[column],
    x[min(column + 1u, 34u)],
    x[min(column + 2u, 34u)],
    x[min(column + 3u, 34u)],
  );
}

fn store_out(row: u32, column: u32, value: Value) {
  let index = column;
  out[index] = value.x;
  if (column + 1u < 35u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 35u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 35u) {
    out[index + 3u] = value.w;
  }
}

fn block_operand0(block: u32) -> vec4f {
  let words = philox(vec4u(block, operand0[2u], 3u, 2u), vec2u(operand0[0u], operand0[1u]));
  return select(vec4f(0.0), vec4f(1.3333333333333333f), (words >> vec4u(8u)) >= vec4u(4194304u));
}

fn load_operand0(row: u32, column: u32) -> Value {
  let index = 448u + column;
  let mask = block_operand0(index / 4u);
  store_saved0(row, column, mask);
  return mask;
}

fn store_saved0(row: u32, column: u32, value: Value) {
  let index = column;
  saved0[index] = value.x;
  if (column + 1u < 35u) {
    saved0[index + 1u] = value.y;
  }
  if (column + 2u < 35u) {
    saved0[index + 2u] = value.z;
  }
  if (column + 3u < 35u) {
    saved0[index + 3u] = value.w;
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

fn dropout(x: Value, mask: Value) -> Value {
  return x * mask;
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = dropout(value, load_operand0(row, column));
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 9u) {
    return;
  }
  let row = 0u;
  let column = lane * 4u;
  store_out(row, column, chain(load_x(row, column), row, column));
}
