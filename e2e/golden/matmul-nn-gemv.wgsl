// out[m, n] = Σ over k of a[m, k] · b[k, n], with m < 2, n < 70, k < 128

@group(0) @binding(0) var<storage, read> a: array<vec4f, 64>;
@group(0) @binding(1) var<storage, read> b: array<f32, 8960>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 140>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return a[(row * 128u + column) / 4u];
}

fn load_b(row: u32, column: u32) -> Value {
  return Value(
    b[row * 70u + column],
    b[row * 70u + min(column + 1u, 69u)],
    b[row * 70u + min(column + 2u, 69u)],
    b[row * 70u + min(column + 3u, 69u)],
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

var<workgroup> sum0Lanes: array<vec4f, 64>;
var<workgroup> sum1Lanes: array<vec4f, 64>;

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
  let row = 0u;
  let column = place * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  for (var k = slice * 4u; k < 128u; k += 32u) {
    let a0 = load_a(row, k);
    let a1 = load_a(min(row + 1u, 1u), k);
    let b0 = load_b(k, column);
    let b1 = load_b(k + 1u, column);
    let b2 = load_b(k + 2u, column);
    let b3 = load_b(k + 3u, column);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
    sum0 += a0.z * b2;
    sum0 += a0.w * b3;
    sum1 += a1.x * b0;
    sum1 += a1.y * b1;
    sum1 += a1.z * b2;
    sum1 += a1.w * b3;
  }
  sum0Lanes[lane] = sum0;
  sum1Lanes[lane] = sum1;
  workgroupBarrier();
  if (slice == 0u) {
    for (var other = lane + 8u; other < 64u; other += 8u) {
      sum0 += sum0Lanes[other];
      sum1 += sum1Lanes[other];
    }
  }
  if (slice == 0u && block < 18u) {
    store_out(row, column, sum0);
    store_out(row + 1u, column, sum1);
  }
}
