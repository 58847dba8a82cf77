// out = pow(x, operand0) over [1, 48]

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

// a^b. Whole exponents up to 15 are products of squares, others go by 2^(b · log2|a|); only whole ones have a negative base, and
// odd ones keep its sign. 0^0 = 1.
fn power(a: Value, b: Value) -> Value {
  let size = abs(a);
  let count = abs(b);
  var rest = min(floor(count), Value(15.0));
  var square = size;
  var whole = Value(1.0);
  for (var i = 0u; i < 4u; i += 1u) {
    let half = floor(0.5 * rest);
    whole = select(whole, whole * square, rest > 2.0 * half);
    square = square * square;
    rest = half;
  }
  whole = select(whole, 1.0 / whole, b < Value(0.0));
  // b itself where it is NaN.
  let atZero = select(select(b, Value(0.0), b > Value(0.0)), 1.0 / size, b < Value(0.0));
  let broken = select(exp2(b * log2(size)), atZero, size == Value(0.0));
  let isWhole = floor(count) == count;
  let result = select(broken, whole, isWhole & (count <= Value(15.0)));
  let isOdd = isWhole & (count - 2.0 * floor(0.5 * count) == Value(1.0));
  let signed = select(select(result, log(a), a < Value(0.0)), result, isWhole);
  return select(signed, -result, (a < Value(0.0)) & isOdd);
}

fn powOf(a: Value, b: Value) -> Value {
  return power(a, b);
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = powOf(value, load_operand0(row, column));
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
