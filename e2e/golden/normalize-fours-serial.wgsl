// out = (x - mean) · rstd · weight + bias; rstd = 1/√(mean of (x - mean)² + eps); stored: add(it, operand0)

@group(0) @binding(0) var<storage, read> x: array<vec4f, 72>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 8>;
@group(0) @binding(2) var<storage, read> bias: array<f32, 8>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 72>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32, 8>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32, 8>;
@group(0) @binding(6) var<storage, read> operand0: array<vec4f, 72>;

alias Value = vec4f;

fn load_operand0(row: u32, column: u32) -> Value {
  return operand0[(row * 12u + column) / 4u];
}

fn add(a: Value, b: Value) -> Value {
  return a + b;
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = add(value, load_operand0(row, column));
  return value;
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let own = lane;
  var total = 0.0;
  for (var run = 0u; run < 3u; run++) {
    let start = (run * 8u + own) * 3u;
    var totalPart = Value(0.0);
    for (var i = 0u; i < 3u; i++) {
      let at = start + i;
      totalPart += x[at];
    }
    total += (totalPart.x + totalPart.y) + (totalPart.z + totalPart.w);
  }
  let center = total / 36.0f;
  var squares = 0.0;
  for (var run = 0u; run < 3u; run++) {
    let start = (run * 8u + own) * 3u;
    var squaresPart = Value(0.0);
    for (var i = 0u; i < 3u; i++) {
      let at = start + i;
      let difference = x[at] - center;
      squaresPart += difference * difference;
    }
    squares += (squaresPart.x + squaresPart.y) + (squaresPart.z + squaresPart.w);
  }
  let scale = inverseSqrt(squares / 36.0f + 0.00001f);
  mean[own] = center;
  rstd[own] = scale;
  for (var run = 0u; run < 3u; run++) {
    let start = (run * 8u + own) * 3u;
    for (var i = 0u; i < 3u; i++) {
      let at = start + i;
      out[at] = epilogue((x[at] - center) * scale * weight[own] + bias[own], at / 3u, (at % 3u) * 4u);
    }
  }
}
