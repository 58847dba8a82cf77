// dx[p, y, x] = reluBackward(Σ of dout over the windows that chose it, operand0)

@group(0) @binding(0) var<storage, read> dout: array<f32, 120>;
@group(0) @binding(1) var<storage, read> index: array<f32, 120>;
@group(0) @binding(2) var<storage, read> operand0: array<f32, 432>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 432>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 8u + column] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(operand0[row * 8u + column]);
}

fn reluBackward(dout: Value, y: Value) -> Value {
  // The subgradient at 0 is 0.
  return select(Value(0.0), dout, y > Value(0.0));
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = reluBackward(value, load_operand0(row, column));
  return value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 54u) {
    return;
  }
  let columnBlock = 0u;
  let row = lane % 9u;
  let plane = lane / 9u;
  let outRow = plane * 9u + row;
  let firstColumn = columnBlock * 8u;
  for (var column = firstColumn; column < firstColumn + 8u; column++) {
    var result = 0.0;
    for (var ky = 0u; ky < 3u; ky++) {
      let rowDistance = row + 1u - ky;
      let outputRow = rowDistance / 2u;
      if (rowDistance % 2u != 0u || outputRow >= 5u) {
        continue;
      }
      for (var kx = 0u; kx < 3u; kx++) {
        let columnDistance = column - kx;
        let outputColumn = columnDistance / 2u;
        if (columnDistance % 2u != 0u || outputColumn >= 4u) {
          continue;
        }
        let at = (plane * 5u + outputRow) * 4u + outputColumn;
        if (u32(index[at]) == ky * 3u + kx) {
          result += dout[at];
        }
      }
    }
    store_out(outRow, column, epilogue(result, outRow, column));
  }
}
