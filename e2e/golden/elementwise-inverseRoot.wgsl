// out = inverseRoot(x) over [1, 48]

@group(0) @binding(0) var<storage, read> x: array<vec4f, 12>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f, 12>;

alias Value = vec4f;

fn load_x(row: u32, column: u32) -> Value {
  return x[column / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[column / 4u] = value;
}

fn inverseRoot(x: Value) -> Value {
  return inverseSqrt(x + 0.00001f);
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = inverseRoot(value);
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 12u) {
    return;
  }
  let row = 0u;
  let column = lane * 4u;
  store_out(row, column, chain(load_x(row, column), row, column));
}
