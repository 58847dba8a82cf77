// out = exp(a), log(a), log(a), a / b, 1.0 / a, inverseSqrt(a), sqrt(a), hyperbolicTangent(a), logistic(a), errorFunction(a): each on its own inputs

@group(0) @binding(0) var<storage, read> first: array<f32, 1000>;
@group(0) @binding(1) var<storage, read> second: array<f32, 1000>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 1000>;

alias Value = f32;
// WGSL's tanh may be NaN beyond 88 and loses all digits near 0: an odd series up to 0.35, else by e^2|x|.
fn hyperbolicTangent(x: Value) -> Value {
  let magnitude = min(abs(x), Value(10.0));
  let square = magnitude * magnitude;
  let series = magnitude * (1.0 + square * (-0.33333334 + square * (0.13333334 + square * (-0.053968254
    + square * (0.021869488 + square * -0.0088632355)))));
  let far = 1.0 - 2.0 / (exp(2.0 * magnitude) + 1.0);
  let result = select(far, series, magnitude < Value(0.35));
  return select(-result, result, x >= Value(0.0));
}

// 1 / (1 + e^-x) without overflow: e^-|x| ≤ 1 always.
fn logistic(x: Value) -> Value {
  let e = exp(-abs(x));
  let s = 1.0 / (1.0 + e);
  return select(e * s, s, x >= Value(0.0));
}

// erf: the Maclaurin series up to 1; beyond, Abramowitz and Stegun 7.1.26 (absolute error ≤ 1.5e-7).
fn errorFunction(x: Value) -> Value {
  let magnitude = min(abs(x), Value(6.0));
  let square = magnitude * magnitude;
  let series = magnitude * (1.1283792 + square * (-0.37612638 + square * (0.11283792 + square * (-0.026866171
    + square * (0.0052239776 + square * (-0.00085483273 + square * (0.00012055333 + square * (-1.4925651e-5
    + square * (1.6462114e-6 + square * (-1.6365844e-7 + square * 1.480719e-8))))))))));
  let t = 1.0 / (1.0 + 0.3275911 * magnitude);
  let far = 1.0 - t * (0.25482959 + t * (-0.28449672 + t * (1.4214138 + t * (-1.4531521 + t * 1.0614054)))) * exp(-square);
  let result = select(far, series, magnitude < Value(1.0));
  return select(-result, result, x >= Value(0.0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 1000u) {
    return;
  }
  let a = first[lane];
  let b = second[lane];
  var value = 0.0;
  if (lane < 100u) {
    value = exp(a);
  } else if (lane < 200u) {
    value = log(a);
  } else if (lane < 300u) {
    value = log(a);
  } else if (lane < 400u) {
    value = a / b;
  } else if (lane < 500u) {
    value = 1.0 / a;
  } else if (lane < 600u) {
    value = inverseSqrt(a);
  } else if (lane < 700u) {
    value = sqrt(a);
  } else if (lane < 800u) {
    value = hyperbolicTangent(a);
  } else if (lane < 900u) {
    value = logistic(a);
  } else {
    value = errorFunction(a);
  }
  out[lane] = value;
}
