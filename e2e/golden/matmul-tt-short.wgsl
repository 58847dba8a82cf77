// out[m, n] = Σ over k of a[k, m] · b[n, k], with m < 10, n < 7, k < 6

@group(0) @binding(0) var<storage, read> a: array<f32, 60>;
@group(0) @binding(1) var<storage, read> b: array<f32, 42>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 70>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> f32 {
  return a[row * 10u + column];
}

fn load_b(row: u32, column: u32) -> f32 {
  return b[row * 6u + column];
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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 20u) {
    return;
  }
  let row = lane / 2u;
  let column = (lane % 2u) * 4u;
  var sum0 = vec4f(0.0);
  for (var k = 0u; k < 6u; k += 1u) {
    let a0 = load_a(k, row);
    let column0 = load_b(column, k);
    let column1 = load_b(min(column + 1u, 6u), k);
    let column2 = load_b(min(column + 2u, 6u), k);
    let column3 = load_b(min(column + 3u, 6u), k);
    let b0 = vec4f(column0, column1, column2, column3);
    sum0 += a0 * b0;
  }
  store_out(row, column, sum0);
}
