// out[m, n] = identity(relu(Σ over k of a[m, k] · b[n, k])), with m < 1, n < 6, k < 10
enable f16, subgroups;

@group(0) @binding(0) var<storage, read> a: array<f16, 10>;
@group(0) @binding(1) var<storage, read> b: array<f16, 60>;
@group(0) @binding(2) var<storage, read_write> saved0: array<f16, 6>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 6>;

// f16 of x, infinite beyond 65504 on every device.
fn toHalf(x: f32) -> f16 {
  let infinite = bitcast<vec2h>(((bitcast<u32>(x) >> 16u) & 0x8000u) | 0x7c00u).x;
  return select(f16(x), infinite, abs(x) > 65504.0);
}

fn toHalves(x: vec4f) -> vec4h {
  return vec4h(toHalf(x.x), toHalf(x.y), toHalf(x.z), toHalf(x.w));
}

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    f32(a[column]),
    f32(a[min(column + 1u, 9u)]),
    f32(a[min(column + 2u, 9u)]),
    f32(a[min(column + 3u, 9u)]),
  );
}

fn load_b(row: u32, column: u32) -> Value {
  return Value(
    f32(b[row * 10u + column]),
    f32(b[row * 10u + min(column + 1u, 9u)]),
    f32(b[row * 10u + min(column + 2u, 9u)]),
    f32(b[row * 10u + min(column + 3u, 9u)]),
  );
}

fn store_out(row: u32, column: u32, value: Value) {
  let index = column;
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

fn store_saved0(row: u32, column: u32, value: Value) {
  let index = column;
  saved0[index] = toHalf(value.x);
  if (column + 1u < 6u) {
    saved0[index + 1u] = toHalf(value.y);
  }
  if (column + 2u < 6u) {
    saved0[index + 2u] = toHalf(value.z);
  }
  if (column + 3u < 6u) {
    saved0[index + 3u] = toHalf(value.w);
  }
}

fn relu(x: Value) -> Value {
  return select(x, Value(0.0), x <= Value(0.0));
}

fn identity(x: Value) -> Value {
  return x;
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = relu(value);
  value = identity(value);
  store_saved0(row, column, value);
  return value;
}

var<workgroup> sum0Lanes: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  let block = group;
  let slice = lane;
  // Beyond the last block lanes make that once more, for all must come to the barrier; they store nothing.
  let place = min(block, 1u);
  let row = 0u;
  let column = place * 4u;
  var sum0 = vec4f(0.0);
  for (var k = slice * 4u; k < 8u; k += 256u) {
    let a0 = load_a(row, k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 5u), k);
    let column2 = load_b(min(column + 2u, 5u), k);
    let column3 = load_b(min(column + 3u, 5u), k);
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    let b2 = vec4f(column0.z, column1.z, column2.z, column3.z);
    let b3 = vec4f(column0.w, column1.w, column2.w, column3.w);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
    sum0 += a0.z * b2;
    sum0 += a0.w * b3;
  }
  if (slice == 2u) {
    let k = 8u;
    let a0 = load_a(row, k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 5u), k);
    let column2 = load_b(min(column + 2u, 5u), k);
    let column3 = load_b(min(column + 3u, 5u), k);
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
  }
  sum0Lanes[lane] = sum0;
  workgroupBarrier();
  var sum0Whole = vec4f(0.0);
  for (var other = rank; other < 64u; other += members) {
    sum0Whole += sum0Lanes[other];
  }
  sum0Whole = subgroupAdd(sum0Whole);
  sum0 = sum0Whole;
  if (slice == 0u && block < 2u) {
    store_out(row, column, epilogue(sum0, row, column));
  }
}
