// out = mishBackward(x, operand0) over [1, 48]

@group(0) @binding(0) var<storage, read> x: array<vec4f, 12>;
@group(0) @binding(1) var<storage, read> operand0: array<vec4f, 12>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f, 12>;

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

fn mishBackward(dout: Value, x: Value) -> Value {
  // t + x · t' with t = tanh(log(1 + e^x)) and t' = 4 (1 + e^x) e^x / (u² + 1)².
  let e = exp(-abs(x));
  let isRight = x >= Value(0.0);
  let top = select(e * (e + 2.0), 1.0 + 2.0 * e, isRight);
  let bottom = top + select(Value(2.0), 2.0 * e * e, isRight);
  let slope = 4.0 * (1.0 + e) * e * select(Value(1.0), e, isRight) / (bottom * bottom);
  return dout * (top / bottom + x * slope);
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = mishBackward(value, load_operand0(row, column));
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
