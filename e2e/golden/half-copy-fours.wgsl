// out = x over [1, 40]
enable f16;

@group(0) @binding(0) var<storage, read> x: array<vec4h, 10>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4h, 10>;

// f16 of x, infinite beyond 65504 on every device.
fn toHalf(x: f32) -> f16 {
  let infinite = bitcast<vec2h>(((bitcast<u32>(x) >> 16u) & 0x8000u) | 0x7c00u).x;
  return select(f16(x), infinite, abs(x) > 65504.0);
}

fn toHalves(x: vec4f) -> vec4h {
  return vec4h(toHalf(x.x), toHalf(x.y), toHalf(x.z), toHalf(x.w));
}

alias Value = vec4f;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column / 4u]);
}

fn store_out(row: u32, column: u32, value: Value) {
  out[column / 4u] = toHalves(value);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 10u) {
    return;
  }
  let row = 0u;
  let column = lane * 4u;
  store_out(row, column, load_x(row, column));
}
