// out[kept] = add(Σ mul(x, operand0), operand1) over 20 terms, x [(4), 3, (5)]

@group(0) @binding(0) var<storage, read> x: array<f32, 60>;
@group(0) @binding(1) var<storage, read> operand0: array<f32, 5>;
@group(0) @binding(2) var<storage, read> operand1: array<f32, 3>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 3>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[row * 5u + column]);
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(operand0[column]);
}

fn load_operand1(row: u32, column: u32) -> Value {
  return Value(operand1[column]);
}

fn mul(a: Value, b: Value) -> Value {
  return a * b;
}

fn add(a: Value, b: Value) -> Value {
  return a + b;
}

fn prologue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = mul(value, load_operand0(row, column));
  return value;
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = add(value, load_operand1(row, column));
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 3u) {
    return;
  }
  let startRow = lane;
  var total = 0.0;
  for (var first = 0u; first < 20u; first += 256u) {
    var partial = 0.0;
    let end = min(first + 256u, 20u);
    for (var i = first; i < end; i++) {
      let row = startRow + (i / 5u) * 3u;
      let column = i % 5u;
      let value = prologue(load_x(row, column), row, column);
      partial += value;
    }
    total += partial;
  }
  out[lane] = epilogue(total, 0u, lane);
}
