// out[m, n] = Σ over 3 pairs of matrices and k of a[m, k] · b[n, k], with m < 5, n < 8, k < 4, for each of 2 products

@group(0) @binding(0) var<storage, read> a: array<vec4f, 30>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 24>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f, 20>;

alias Value = vec4f;

fn load_a(start: u32, row: u32, column: u32) -> Value {
  return a[(start + row * 4u + column) / 4u];
}

fn load_b(start: u32, row: u32, column: u32) -> Value {
  return b[(start + row * 4u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 8u + column) / 4u] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let product = lane / 4u;
  let firstRow = product * 5u;
  let productStartA = product * 20u;
  let row = ((lane % 4u) / 2u) * 4u;
  let column = (lane % 2u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var term = 0u; term < 3u; term++) {
    let startA = productStartA + term * 40u;
    let startB = term * 32u;
    for (var k = 0u; k < 4u; k += 4u) {
      let a0 = load_a(startA, row, k);
      let a1 = load_a(startA, min(row + 1u, 4u), k);
      let a2 = load_a(startA, min(row + 2u, 4u), k);
      let a3 = load_a(startA, min(row + 3u, 4u), k);
      let column0 = load_b(startB, column, k);
      let column1 = load_b(startB, min(column + 1u, 7u), k);
      let column2 = load_b(startB, min(column + 2u, 7u), k);
      let column3 = load_b(startB, min(column + 3u, 7u), k);
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
  }
  store_out(firstRow + row, column, sum0);
  if (row + 1u < 5u) {
    store_out(firstRow + row + 1u, column, sum1);
  }
  if (row + 2u < 5u) {
    store_out(firstRow + row + 2u, column, sum2);
  }
  if (row + 3u < 5u) {
    store_out(firstRow + row + 3u, column, sum3);
  }
}
