// out = (x - mean) · rstd · weight + bias; rstd = 1/√(mean of (x - mean)² + eps); stored: relu(it)

@group(0) @binding(0) var<storage, read> x: array<f32, 240>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 10>;
@group(0) @binding(2) var<storage, read> bias: array<f32, 10>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 240>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32, 24>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32, 24>;
@group(0) @binding(6) var<storage, read_write> saved0: array<f32, 240>;

alias Value = f32;

fn store_saved0(row: u32, column: u32, value: Value) {
  saved0[row * 10u + column] = value;
}

fn relu(x: Value) -> Value {
  return select(x, Value(0.0), x <= Value(0.0));
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = relu(value);
  store_saved0(row, column, value);
  return value;
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 24u) {
    return;
  }
  let own = lane;
  var total = 0.0;
  for (var i = 0u; i < 10u; i++) {
    let at = own * 10u + i;
    total += x[at];
  }
  let center = total / 10.0f;
  var squares = 0.0;
  for (var i = 0u; i < 10u; i++) {
    let at = own * 10u + i;
    let difference = x[at] - center;
    squares += difference * difference;
  }
  let scale = inverseSqrt(squares / 10.0f + 0.00001f);
  mean[own] = center;
  rstd[own] = scale;
  for (var i = 0u; i < 10u; i++) {
    let at = own * 10u + i;
    out[at] = epilogue((x[at] - center) * scale * weight[i] + bias[i], own, i);
  }
}
