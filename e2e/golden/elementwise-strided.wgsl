// out = add(x, operand0) over [6, 5]

@group(0) @binding(0) var<storage, read> x: array<f32, 30>;
@group(0) @binding(1) var<storage, read> operand0: array<f32, 30>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 30>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[row + column * 6u]);
}

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 5u + column] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(operand0[29u - row * 5u - column]);
}

fn add(a: Value, b: Value) -> Value {
  return a + b;
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = add(value, load_operand0(row, column));
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 30u) {
    return;
  }
  let row = lane / 5u;
  let column = lane % 5u;
  store_out(row, column, chain(load_x(row, column), row, column));
}
