// out[m, n] = relu(add(Σ over k of a[m, k] · b[n, k], operand0)), with m < 2, n < 70, k < 130
enable subgroups;

@group(0) @binding(0) var<storage, read> a: array<f32, 260>;
@group(0) @binding(1) var<storage, read> b: array<f32, 9100>;
@group(0) @binding(2) var<storage, read> operand0: array<f32, 70>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 140>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    a[row * 130u + column],
    a[row * 130u + min(column + 1u, 129u)],
    a[row * 130u + min(column + 2u, 129u)],
    a[row * 130u + min(column + 3u, 129u)],
  );
}

fn load_b(row: u32, column: u32) -> Value {
  return Value(
    b[row * 130u + column],
    b[row * 130u + min(column + 1u, 129u)],
    b[row * 130u + min(column + 2u, 129u)],
    b[row * 130u + min(column + 3u, 129u)],
  );
}

fn store_out(row: u32, column: u32, value: Value) {
  let index = row * 70u + column;
  out[index] = value.x;
  if (column + 1u < 70u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 70u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 70u) {
    out[index + 3u] = value.w;
  }
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(
    operand0[column],
    operand0[min(column + 1u, 69u)],
    operand0[min(column + 2u, 69u)],
    operand0[min(column + 3u, 69u)],
  );
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
  value = relu(value);
  return value;
}

var<workgroup> sum0Lanes: array<vec4f, 64>;
var<workgroup> sum1Lanes: array<vec4f, 64>;

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
  let place = min(block, 17u);
  let row = 0u;
  let column = place * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  for (var k = slice * 4u; k < 128u; k += 256u) {
    let a0 = load_a(row, k);
    let a1 = load_a(min(row + 1u, 1u), k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 69u), k);
    let column2 = load_b(min(column + 2u, 69u), k);
    let column3 = load_b(min(column + 3u, 69u), k);
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
  }
  if (slice == 32u) {
    let k = 128u;
    let a0 = load_a(row, k);
    let a1 = load_a(min(row + 1u, 1u), k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 69u), k);
    let column2 = load_b(min(column + 2u, 69u), k);
    let column3 = load_b(min(column + 3u, 69u), k);
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
    sum1 += a1.x * b0;
    sum1 += a1.y * b1;
  }
  sum0Lanes[lane] = sum0;
  sum1Lanes[lane] = sum1;
  workgroupBarrier();
  var sum0Whole = vec4f(0.0);
  for (var other = rank; other < 64u; other += members) {
    sum0Whole += sum0Lanes[other];
  }
  sum0Whole = subgroupAdd(sum0Whole);
  var sum1Whole = vec4f(0.0);
  for (var other = rank; other < 64u; other += members) {
    sum1Whole += sum1Lanes[other];
  }
  sum1Whole = subgroupAdd(sum1Whole);
  sum0 = sum0Whole;
  sum1 = sum1Whole;
  if (slice == 0u && block < 18u) {
    store_out(row, column, epilogue(sum0, row, column));
    store_out(row + 1u, column, epilogue(sum1, row + 1u, column));
  }
}
