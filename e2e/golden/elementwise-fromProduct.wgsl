// out = fromProduct(x, operand0, operand1) over [1, 48]

@group(0) @binding(0) var<storage, read> x: array<vec4f, 12>;
@group(0) @binding(1) var<storage, read> operand0: array<vec4f, 12>;
@group(0) @binding(2) var<storage, read> operand1: array<vec4f, 12>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 12>;

alias Value = vec4f;

fn load_x(row: u32, column: u32) -> Value {
  return x[column / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[column / 4u] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return operand0[column / 4u];
}

fn load_operand1(row: u32, column: u32) -> Value {
  return operand1[column / 4u];
}

fn fromProduct(x: Value, a: Value, b: Value) -> Value {
  return a * b - x;
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = fromProduct(value, load_operand0(row, column), load_operand1(row, column));
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
