// out = log(x) over [1, 48]

@group(0) @binding(0) var<storage, read> x: array<vec4f, 12>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f, 12>;

alias Value = vec4f;

fn load_x(row: u32, column: u32) -> Value {
  return x[column / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[column / 4u] = value;
}

// log(m · 2^k) = k · log 2 + log m with m from √½ to √2, and log m = 2 · atanh((m - 1) / (m + 1)) by its series; log 2 in two parts, of
// which k takes the first without rounding. What is no positive number goes to WGSL's log.
fn naturalLog(x: Value) -> Value {
  let parts = frexp(x);
  let small = parts.fract < Value(0.70710678);
  let mantissa = select(parts.fract, 2.0 * parts.fract, small);
  let exponent = Value(parts.exp) - select(Value(0.0), Value(1.0), small);
  let ratio = (mantissa - 1.0) / (mantissa + 1.0);
  let square = ratio * ratio;
  let series = 2.0 * ratio + 2.0 * ratio * square * (0.33333334 + square * (0.2 + square * (0.14285715 + square * (0.11111111 + square * 0.09090909))));
  let result = exponent * 0.69335938 + (series - exponent * 0.00021219444);
  // NaN stays what it is: of it log may make a number.
  let other = select(x, log(x), (x <= Value(0.0)) | (x >= Value(3.4e38)));
  return select(other, result, (x > Value(0.0)) & (x < Value(3.4e38)));
}

fn logOf(x: Value) -> Value {
  return naturalLog(x);
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = logOf(value);
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
