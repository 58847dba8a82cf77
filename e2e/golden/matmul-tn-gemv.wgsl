// out[m, n] = Σ over k of a[k, m] · b[k, n], with m < 70, n < 1, k < 128
// rowSums[m] = Σ over k of a[k, m]

@group(0) @binding(0) var<storage, read> a: array<f32, 8960>;
@group(0) @binding(1) var<storage, read> b: array<f32, 128>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 70>;
@group(0) @binding(3) var<storage, read_write> rowSums: array<f32, 70>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    a[row * 70u + column],
    a[row * 70u + min(column + 1u, 69u)],
    a[row * 70u + min(column + 2u, 69u)],
    a[row * 70u + min(column + 3u, 69u)],
  );
}

fn load_b(row: u32, column: u32) -> Value {
  return Value(
    b[row + column],
    b[row + min(column + 1u, 0u)],
    b[row + min(column + 2u, 0u)],
    b[row + min(column + 3u, 0u)],
  );
}

fn store_out(row: u32, column: u32, value: Value) {
  let index = row + column;
  out[index] = value.x;
  if (column + 1u < 1u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 1u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 1u) {
    out[index + 3u] = value.w;
  }
}

var<workgroup> sum0Lanes: array<vec4f, 64>;
var<workgroup> sum1Lanes: array<vec4f, 64>;
var<workgroup> sum2Lanes: array<vec4f, 64>;
var<workgroup> sum3Lanes: array<vec4f, 64>;
var<workgroup> total0Lanes: array<f32, 64>;
var<workgroup> total1Lanes: array<f32, 64>;
var<workgroup> total2Lanes: array<f32, 64>;
var<workgroup> total3Lanes: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let block = group * 8u + lane % 8u;
  let slice = lane / 8u;
  // Beyond the last block lanes make that once more, for all must come to the barrier; they store nothing.
  let place = min(block, 17u);
  let row = place * 4u;
  let column = 0u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var total0 = 0.0;
  var total1 = 0.0;
  var total2 = 0.0;
  var total3 = 0.0;
  for (var k = slice * 4u; k < 128u; k += 32u) {
    let a0 = load_a(k, row);
    let a1 = load_a(k + 1u, row);
    let a2 = load_a(k + 2u, row);
    let a3 = load_a(k + 3u, row);
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
  sum0Lanes[lane] = sum0;
  sum1Lanes[lane] = sum1;
  sum2Lanes[lane] = sum2;
  sum3Lanes[lane] = sum3;
  total0Lanes[lane] = total0;
  total1Lanes[lane] = total1;
  total2Lanes[lane] = total2;
  total3Lanes[lane] = total3;
  workgroupBarrier();
  if (slice == 0u) {
    for (var other = lane + 8u; other < 64u; other += 8u) {
      sum0 += sum0Lanes[other];
      sum1 += sum1Lanes[other];
      sum2 += sum2Lanes[other];
      sum3 += sum3Lanes[other];
      total0 += total0Lanes[other];
      total1 += total1Lanes[other];
      total2 += total2Lanes[other];
      total3 += total3Lanes[other];
    }
  }
  if (slice == 0u && block < 18u) {
    store_out(row, column, sum0);
    if (row + 1u < 70u) {
      store_out(row + 1u, column, sum1);
    }
    if (row + 2u < 70u) {
      store_out(row + 2u, column, sum2);
    }
    if (row + 3u < 70u) {
      store_out(row + 3u, column, sum3);
    }
    if (column == 0u) {
      rowSums[row] = total0;
      if (row + 1u < 70u) {
        rowSums[row + 1u] = total1;
      }
      if (row + 2u < 70u) {
        rowSums[row + 2u] = total2;
      }
      if (row + 3u < 70u) {
        rowSums[row + 3u] = total3;
      }
    }
  }
}
