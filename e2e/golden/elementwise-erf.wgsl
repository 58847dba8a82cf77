// out = erf(x) over [1, 48]

@group(0) @binding(0) var<storage, read> x: array<vec4f, 12>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f, 12>;

alias Value = vec4f;

fn load_x(row: u32, column: u32) -> Value {
  return x[column / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[column / 4u] = value;
}

// erf: the Maclaurin series up to 1; beyond, Abramowitz and Stegun 7.1.26 (absolute error ≤ 1.5e-7).
fn errorFunction(x: Value) -> Value {
  let magnitude = select(abs(x), Value(6.0), abs(x) > Value(6.0));
  let square = magnitude * magnitude;
  let series = magnitude * (1.1283792 + square * (-0.37612638 + square * (0.11283792 + square * (-0.026866171
    + square * (0.0052239776 + square * (-0.00085483273 + square * (0.00012055333 + square * (-1.4925651e-5
    + square * (1.6462114e-6 + square * (-1.6365844e-7 + square * 1.480719e-8))))))))));
  let t = 1.0 / (1.0 + 0.3275911 * magnitude);
  let far = 1.0 - t * (0.25482959 + t * (-0.28449672 + t * (1.4214138 + t * (-1.4531521 + t * 1.0614054)))) * exp(-square);
  let result = select(far, series, magnitude < Value(1.0));
  return select(x, select(-result, result, x >= Value(0.0)), magnitude <= Value(6.0));
}

fn erf(x: Value) -> Value {
  return errorFunction(x);
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = erf(value);
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
