// out = elu(x) over [1, 48]

@group(0) @binding(0) var<storage, read> x: array<vec4f, 12>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f, 12>;

alias Value = vec4f;

fn load_x(row: u32, column: u32) -> Value {
  return x[column / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[column / 4u] = value;
}

// e^x - 1: the series up to 1, where the difference would cancel.
fn expMinusOne(x: Value) -> Value {
  let near = clamp(x, Value(-1.0), Value(1.0));
  let series = near * (1.0 + near * (0.5 + near * (0.16666667 + near * (0.041666668 + near * (0.008333334
    + near * (0.0013888889 + near * (0.0001984127 + near * (2.4801588e-5 + near * (2.7557319e-6 + near * (2.7557319e-7
    + near * 2.5052108e-8))))))))));
  return select(exp(x) - 1.0, series, abs(x) < Value(1.0));
}

fn elu(x: Value) -> Value {
  return select(0.5f * expMinusOne(x), x, x > Value(0.0));
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = elu(value);
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
