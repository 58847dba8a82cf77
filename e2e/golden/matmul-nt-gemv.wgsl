// out[m, n] = Σ over k of a[m, k] · b[n, k], with m < 1, n < 70, k < 130

@group(0) @binding(0) var<storage, read> a: array<f32, 130>;
@group(0) @binding(1) var<storage, read> b: array<f32, 9100>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 70>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    a[column],
    a[min(column + 1u, 129u)],
    a[min(column + 2u, 129u)],
    a[min(column + 3u, 129u)],
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
  let index = column;
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

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let block = group;
  let slice = lane;
  // Beyond the last block lanes make that once more, for all must come to the barrier; they store nothing.
  let place = min(block, 17u);
  let row = 0u;
  let column = place * 4u;
  var sum0 = vec4f(0.0);
  for (var k = slice * 4u; k < 128u; k += 256u) {
    let a0 = load_a(row, k);
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
  }
  if (slice == 32u) {
    let k = 128u;
    let a0 = load_a(row, k);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 69u), k);
    let column2 = load_b(min(column + 2u, 69u), k);
    let column3 = load_b(min(column + 3u, 69u), k);
    let b0 = vec4f(column0.x, column1.x, column2.x, column3.x);
    let b1 = vec4f(column0.y, column1.y, column2.y, column3.y);
    sum0 += a0.x * b0;
    sum0 += a0.y * b1;
  }
  sum0Lanes[lane] = sum0;
  workgroupBarrier();
  if (slice < 8u) {
    for (var other = lane + 8u; other < 64u; other += 8u) {
      sum0 += sum0Lanes[other];
    }
    sum0Lanes[lane] = sum0;
  }
  workgroupBarrier();
  if (slice == 0u) {
    for (var other = lane + 1u; other < 8u; other += 1u) {
      sum0 += sum0Lanes[other];
    }
  }
  if (slice == 0u && block < 18u) {
    store_out(row, column, sum0);
  }
}
