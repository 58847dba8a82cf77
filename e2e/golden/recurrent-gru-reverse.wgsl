// r = σ(x_r + a_r), z = σ(x_z + a_z), n = tanh(x_n + r · a_n), h = (1 - z) · n + z · h, with a = W·h + b; input [3, 5, 21], out [3, 5, 7]

@group(0) @binding(0) var<storage, read> timeIndex: array<f32, 1>;
@group(0) @binding(1) var<storage, read> x: array<f32, 315>;
@group(0) @binding(2) var<storage, read> weight: array<f32, 147>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 105>;
@group(0) @binding(4) var<storage, read_write> gates: array<f32, 420>;

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
  let earlier = min(time + 1u, 4u);
  let later = max(time, 1u) - 1u;
  let at = row * 5u + time;
  let before = row * 5u + earlier;
  let after = row * 5u + later;
  let x0 = x[at * 21u + 0u + unit];
  let x1 = x[at * 21u + 7u + unit];
  let x2 = x[at * 21u + 14u + unit];
  var a0 = 0.0;
  var a1 = 0.0;
  var a2 = 0.0;
  for (var k = 0u; k < 7u; k++) {
    let h = out[before * 7u + k];
    a0 += weight[(0u + unit) * 7u + k] * h;
    a1 += weight[(7u + unit) * 7u + k] * h;
    a2 += weight[(14u + unit) * 7u + k] * h;
  }
  let reset = logistic(x0 + a0);
  let update = logistic(x1 + a1);
  let candidate = hyperbolicTangent(x2 + reset * a2);
  out[at * 7u + unit] = (1.0 - update) * candidate + update * out[before * 7u + unit];
  let saved = at * 28u + unit;
  gates[saved] = reset;
  gates[saved + 7u] = update;
  gates[saved + 14u] = candidate;
  gates[saved + 21u] = a2;
}
