// out = x over [1, 35]

@group(0) @binding(0) var<storage, read> x: array<f32, 35>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 35>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column]);
}

fn store_out(row: u32, column: u32, value: Value) {
  out[column] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 35u) {
    return;
  }
  let row = 0u;
  let column = lane;
  store_out(row, column, load_x(row, column));
}
