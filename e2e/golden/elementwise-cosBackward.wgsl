// out = cosBackward(x, operand0) over [1, 48]

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

// sin(x + quarters · π/2). x - k · π/2 lies within ±π/4; π/2 comes in four parts of 11 bits, so that k times each of the first three
// is exact for |k| < 8192: good to a few units in the last place for |x| ≤ 10000, and worse and worse beyond.
fn quarterSine(x: Value, quarters: f32) -> Value {
  let k = round(x * 0.63661977);
  let r = (((x - k * 1.5703125) - k * 0.00048375130) - k * 7.5495336e-8) - k * 2.5633441e-12;
  let square = r * r;
  let sine = r + r * square * (-0.16666667 + square * (0.008333334 + square * (-0.0001984127 + square * 2.7557319e-6)));
  let cosine = 1.0 + square * (-0.5 + square * (0.041666668 + square * (-0.0013888889 + square * (2.4801588e-5 + square * -2.7557319e-7))));
  let turns = k + quarters;
  let quadrant = turns - 4.0 * floor(turns * 0.25);
  let value = select(sine, cosine, (quadrant == Value(1.0)) | (quadrant == Value(3.0)));
  return select(value, -value, quadrant >= Value(2.0));
}

fn cosBackward(dout: Value, x: Value) -> Value {
  return -dout * quarterSine(x, 0.0);
}

fn chain(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = cosBackward(value, load_operand0(row, column));
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
