// i, f, o = σ(x + W·h + b), g = tanh(x + W·h + b), c = f · c + i · g, h = o · tanh(c); input [3, 5, 32], out [3, 5, 16]

@group(0) @binding(0) var<storage, read> timeIndex: array<f32, 1>;
@group(0) @binding(1) var<storage, read> x: array<f32, 480>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f, 64>;
@group(0) @binding(3) var<storage, read> bias: array<f32, 32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32, 240>;
@group(0) @binding(5) var<storage, read_write> gates: array<f32, 480>;

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
  if (lane >= 24u) {
    return;
  }
  let row = lane / 8u;
  let unit = lane % 8u;
  let time = min(u32(timeIndex[0]), 4u);
  let earlier = max(time, 1u) - 1u;
  let later = min(time + 1u, 4u);
  let at = row * 5u + time;
  let before = row * 5u + earlier;
  let after = row * 5u + later;
  let x0 = x[at * 32u + 0u + unit];
  let x1 = x[at * 32u + 8u + unit];
  let x2 = x[at * 32u + 16u + unit];
  let x3 = x[at * 32u + 24u + unit];
  var a0 = bias[0u + unit];
  var a1 = bias[8u + unit];
  var a2 = bias[16u + unit];
  var a3 = bias[24u + unit];
  for (var k = 0u; k < 2u; k++) {
    let h = vec4f(
      out[before * 16u + 4u * k + 0u],
      out[before * 16u + 4u * k + 1u],
      out[before * 16u + 4u * k + 2u],
      out[before * 16u + 4u * k + 3u],
    );
    a0 += dot(weight[(0u + unit) * 2u + k], h);
    a1 += dot(weight[(8u + unit) * 2u + k], h);
    a2 += dot(weight[(16u + unit) * 2u + k], h);
    a3 += dot(weight[(24u + unit) * 2u + k], h);
  }
  let inputGate = logistic(x0 + a0);
  let forget = logistic(x1 + a1);
  let candidate = hyperbolicTangent(x2 + a2);
  let output = logistic(x3 + a3);
  let cell = forget * out[before * 16u + 8u + unit] + inputGate * candidate;
  out[at * 16u + unit] = output * hyperbolicTangent(cell);
  out[at * 16u + 8u + unit] = cell;
  let saved = at * 32u + unit;
  gates[saved] = inputGate;
  gates[saved + 8u] = forget;
  gates[saved + 16u] = candidate;
  gates[saved + 24u] = output;
}
