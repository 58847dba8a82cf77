// r = σ(x_r + a_r), z = σ(x_z + a_z), n = tanh(x_n + r · a_n), h = (1 - z) · n + z · h, with a = W·h + b; input [3, 5, 21], out [3, 5, 7]
enable subgroups;

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

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 8u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 1u);
  let wanted = quad % 2u * 4u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let unit = min(wanted, 6u);
  let firstRow = (quad / 2u) * 4u;
  let row0 = min(firstRow + 0u + place, 2u);
  let time = min(u32(timeIndex[0]), 4u);
  let earlier = min(time + 1u, 4u);
  let later = max(time, 1u) - 1u;
  let start0 = (row0 * 5u + earlier) * 7u;
  var sum0_0 = Value(0.0);
  var sum0_1 = Value(0.0);
  var sum0_2 = Value(0.0);
  var sum0_3 = Value(0.0);
  var sum1_0 = Value(0.0);
  var sum1_1 = Value(0.0);
  var sum1_2 = Value(0.0);
  var sum1_3 = Value(0.0);
  var sum2_0 = Value(0.0);
  var sum2_1 = Value(0.0);
  var sum2_2 = Value(0.0);
  var sum2_3 = Value(0.0);
  for (var k = 0u; k < 7u; k++) {
    let column0_0 = weight[(unit * 1u + 0u) * 7u + k];
    let column1_0 = weight[(unit * 1u + 7u) * 7u + k];
    let column2_0 = weight[(unit * 1u + 14u) * 7u + k];
    let h0 = out[start0 + k];
    let h1 = quadSwapX(h0);
    let h2 = quadSwapY(h0);
    let h3 = quadSwapDiagonal(h0);
    let weight0_0 = Value(column0_0);
    sum0_0 = fma(Value(h0), weight0_0, sum0_0);
    sum0_1 = fma(Value(h1), weight0_0, sum0_1);
    sum0_2 = fma(Value(h2), weight0_0, sum0_2);
    sum0_3 = fma(Value(h3), weight0_0, sum0_3);
    let weight1_0 = Value(column1_0);
    sum1_0 = fma(Value(h0), weight1_0, sum1_0);
    sum1_1 = fma(Value(h1), weight1_0, sum1_1);
    sum1_2 = fma(Value(h2), weight1_0, sum1_2);
    sum1_3 = fma(Value(h3), weight1_0, sum1_3);
    let weight2_0 = Value(column2_0);
    sum2_0 = fma(Value(h0), weight2_0, sum2_0);
    sum2_1 = fma(Value(h1), weight2_0, sum2_1);
    sum2_2 = fma(Value(h2), weight2_0, sum2_2);
    sum2_3 = fma(Value(h3), weight2_0, sum2_3);
  }
  var sums = array<Value, 12>(
    sum0_0, sum0_1, sum0_2, sum0_3, sum1_0, sum1_1, sum1_2, sum1_3,
    sum2_0, sum2_1, sum2_2, sum2_3
  );
  for (var i = 0u; i < 4u; i++) {
    let row = firstRow + (i - i % 4u) + (place ^ (i % 4u));
    if (isLive && wanted < 7u && row < 3u) {
      let at = row * 5u + time;
      let before = row * 5u + earlier;
      let after = row * 5u + later;
      let x0 = x[at * 21u + 0u + unit];
      let x1 = x[at * 21u + 7u + unit];
      let x2 = x[at * 21u + 14u + unit];
      let a0 = sums[0u + i];
      let a1 = sums[4u + i];
      let a2 = sums[8u + i];
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
  }
}
