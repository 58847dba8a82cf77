// out = x over [6, 8]

@group(0) @binding(0) var<storage, read> x: array<vec4u, 18>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4u, 12>;

alias Value = vec4u;

fn load_x(row: u32, column: u32) -> Value {
  return x[(4u + row * 12u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 8u + column) / 4u] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 12u) {
    return;
  }
  let row = lane / 2u;
  let column = (lane % 2u) * 4u;
  store_out(row, column, load_x(row, column));
}
