// the gradients of one step's gates; dout [3, 5, 7], dx [3, 5, 7]

@group(0) @binding(0) var<storage, read> timeIndex: array<f32, 1>;
@group(0) @binding(1) var<storage, read> dout: array<f32, 105>;
@group(0) @binding(2) var<storage, read> out: array<f32, 105>;
@group(0) @binding(3) var<storage, read> weight: array<f32, 49>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32, 105>;

alias Value = f32;
// 1 / (1 + e^-x) without overflow: e^-|x| ≤ 1 always.
fn logistic(x: Value) -> Value {
  let e = exp(-abs(x));
  let s = 1.0 / (1.0 + e);
  return select(e * s, s, x >= Value(0.0));
}

// WGSL's tanh may be NaN beyond 88 and loses all digits near 0: an odd series up to 0.35, else by e^2|x|.
fn hyperbolicTangent(x: Value) -> Value {
  // Selects: min, and exp on some adapters, make numbers of NaN.
  let magnitude = select(abs(x), Value(10.0), abs(x) > Value(10.0));
  let square = magnitude * magnitude;
  let series = magnitude * (1.0 + square * (-0.33333334 + square * (0.13333334 + square * (-0.053968254
    + square * (0.021869488 + square * -0.0088632355)))));
  let far = 1.0 - 2.0 / (exp(2.0 * magnitude) + 1.0);
  let result = select(far, series, magnitude < Value(0.35));
  return select(x, select(-result, result, x >= Value(0.0)), magnitude <= Value(10.0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 21u) {
    return;
  }
  let row = lane / 7u;
  let unit = lane % 7u;
  let time = min(u32(timeIndex[0]), 4u);
  let earlier = max(time, 1u) - 1u;
  let later = min(time + 1u, 4u);
  let at = row * 5u + time;
  let before = row * 5u + earlier;
  let after = row * 5u + later;
  var dh = dout[at * 7u + unit];
  for (var r = 0u; r < 7u; r++) {
    dh += dx[after * 7u + r] * weight[r * 7u + unit];
  }
  let h = out[at * 7u + unit];
  dx[at * 7u + unit] = dh * (1.0 - h * h);
}
