// out[m, n] = Σ over k of a[m, k] · b[k, n], with m < 7, n < 12, k < 8
enable f16;

@group(0) @binding(0) var<storage, read> a: array<vec4h, 14>;
@group(0) @binding(1) var<storage, read> b: array<vec4h, 24>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4h, 21>;

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
  return Value(a[(row * 8u + column) / 4u]);
}

fn load_b(row: u32, column: u32) -> Value {
  return Value(b[(row * 12u + column) / 4u]);
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 12u + column) / 4u] = toHalves(value);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 6u) {
    return;
  }
  let row = (lane / 3u) * 4u;
  let column = (lane % 3u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 8u; k += 4u) {
    let a0 = load_a(row, k);
    let a1 = load_a(min(row + 1u, 6u), k);
    let a2 = load_a(min(row + 2u, 6u), k);
    let a3 = load_a(min(row + 3u, 6u), k);
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
    sum2 += a2.x * b0;
    sum2 += a2.y * b1;
    sum2 += a2.z * b2;
    sum2 += a2.w * b3;
    sum3 += a3.x * b0;
    sum3 += a3.y * b1;
    sum3 += a3.z * b2;
    sum3 += a3.w * b3;
  }
  store_out(row, column, sum0);
  if (row + 1u < 7u) {
    store_out(row + 1u, column, sum1);
  }
  if (row + 2u < 7u) {
    store_out(row + 2u, column, sum2);
  }
  if (row + 3u < 7u) {
    store_out(row + 3u, column, sum3);
  }
}
