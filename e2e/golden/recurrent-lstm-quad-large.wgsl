// i, f, o = σ(x + W·h + b), g = tanh(x + W·h + b), c = f · c + i · g, h = o · tanh(c); input [32, 5, 256], out [32, 5, 128]
enable subgroups;

@group(0) @binding(0) var<storage, read> timeIndex: array<f32, 1>;
@group(0) @binding(1) var<storage, read> x: array<vec4f, 10240>;
@group(0) @binding(2) var<storage, read> weight: array<f32, 16384>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f, 64>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f, 5120>;
@group(0) @binding(5) var<storage, read_write> gates: array<vec4f, 10240>;

alias Value = vec4f;
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
  let isLive = lane < 32u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 7u);
  let wanted = quad % 4u * 4u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let unit = min(wanted, 15u);
  let firstRow = (quad / 4u) * 16u;
  let row0 = min(firstRow + 0u + place, 31u);
  let row1 = min(firstRow + 4u + place, 31u);
  let row2 = min(firstRow + 8u + place, 31u);
  let row3 = min(firstRow + 12u + place, 31u);
  let time = min(u32(timeIndex[0]), 4u);
  let earlier = max(time, 1u) - 1u;
  let later = min(time + 1u, 4u);
  let start0 = (row0 * 5u + earlier) * 32u;
  let start1 = (row1 * 5u + earlier) * 32u;
  let start2 = (row2 * 5u + earlier) * 32u;
  let start3 = (row3 * 5u + earlier) * 32u;
  var sum0_0 = Value(0.0);
  var sum0_1 = Value(0.0);
  var sum0_2 = Value(0.0);
  var sum0_3 = Value(0.0);
  var sum0_4 = Value(0.0);
  var sum0_5 = Value(0.0);
  var sum0_6 = Value(0.0);
  var sum0_7 = Value(0.0);
  var sum0_8 = Value(0.0);
  var sum0_9 = Value(0.0);
  var sum0_10 = Value(0.0);
  var sum0_11 = Value(0.0);
  var sum0_12 = Value(0.0);
  var sum0_13 = Value(0.0);
  var sum0_14 = Value(0.0);
  var sum0_15 = Value(0.0);
  var sum1_0 = Value(0.0);
  var sum1_1 = Value(0.0);
  var sum1_2 = Value(0.0);
  var sum1_3 = Value(0.0);
  var sum1_4 = Value(0.0);
  var sum1_5 = Value(0.0);
  var sum1_6 = Value(0.0);
  var sum1_7 = Value(0.0);
  var sum1_8 = Value(0.0);
  var sum1_9 = Value(0.0);
  var sum1_10 = Value(0.0);
  var sum1_11 = Value(0.0);
  var sum1_12 = Value(0.0);
  var sum1_13 = Value(0.0);
  var sum1_14 = Value(0.0);
  var sum1_15 = Value(0.0);
  var sum2_0 = Value(0.0);
  var sum2_1 = Value(0.0);
  var sum2_2 = Value(0.0);
  var sum2_3 = Value(0.0);
  var sum2_4 = Value(0.0);
  var sum2_5 = Value(0.0);
  var sum2_6 = Value(0.0);
  var sum2_7 = Value(0.0);
  var sum2_8 = Value(0.0);
  var sum2_9 = Value(0.0);
  var sum2_10 = Value(0.0);
  var sum2_11 = Value(0.0);
  var sum2_12 = Value(0.0);
  var sum2_13 = Value(0.0);
  var sum2_14 = Value(0.0);
  var sum2_15 = Value(0.0);
  var sum3_0 = Value(0.0);
  var sum3_1 = Value(0.0);
  var sum3_2 = Value(0.0);
  var sum3_3 = Value(0.0);
  var sum3_4 = Value(0.0);
  var sum3_5 = Value(0.0);
  var sum3_6 = Value(0.0);
  var sum3_7 = Value(0.0);
  var sum3_8 = Value(0.0);
  var sum3_9 = Value(0.0);
  var sum3_10 = Value(0.0);
  var sum3_11 = Value(0.0);
  var sum3_12 = Value(0.0);
  var sum3_13 = Value(0.0);
  var sum3_14 = Value(0.0);
  var sum3_15 = Value(0.0);
  for (var k = 0u; k < 64u; k++) {
    let weight0 = Value(weight[unit * 256u + 0u + k], weight[unit * 256u + 64u + k], weight[unit * 256u + 128u + k], weight[unit * 256u + 192u + k]);
    let weight1 = Value(weight[unit * 256u + 4096u + k], weight[unit * 256u + 4160u + k], weight[unit * 256u + 4224u + k], weight[unit * 256u + 4288u + k]);
    let weight2 = Value(weight[unit * 256u + 8192u + k], weight[unit * 256u + 8256u + k], weight[unit * 256u + 8320u + k], weight[unit * 256u + 8384u + k]);
    let weight3 = Value(weight[unit * 256u + 12288u + k], weight[unit * 256u + 12352u + k], weight[unit * 256u + 12416u + k], weight[unit * 256u + 12480u + k]);
    let h0 = out[start0 + k / 4u][k % 4u];
    let h1 = quadSwapX(h0);
    let h2 = quadSwapY(h0);
    let h3 = quadSwapDiagonal(h0);
    sum0_0 = fma(Value(h0), weight0, sum0_0);
    sum1_0 = fma(Value(h0), weight1, sum1_0);
    sum2_0 = fma(Value(h0), weight2, sum2_0);
    sum3_0 = fma(Value(h0), weight3, sum3_0);
    sum0_1 = fma(Value(h1), weight0, sum0_1);
    sum1_1 = fma(Value(h1), weight1, sum1_1);
    sum2_1 = fma(Value(h1), weight2, sum2_1);
    sum3_1 = fma(Value(h1), weight3, sum3_1);
    sum0_2 = fma(Value(h2), weight0, sum0_2);
    sum1_2 = fma(Value(h2), weight1, sum1_2);
    sum2_2 = fma(Value(h2), weight2, sum2_2);
    sum3_2 = fma(Value(h2), weight3, sum3_2);
    sum0_3 = fma(Value(h3), weight0, sum0_3);
    sum1_3 = fma(Value(h3), weight1, sum1_3);
    sum2_3 = fma(Value(h3), weight2, sum2_3);
    sum3_3 = fma(Value(h3), weight3, sum3_3);
    let h4 = out[start1 + k / 4u][k % 4u];
    let h5 = quadSwapX(h4);
    let h6 = quadSwapY(h4);
    let h7 = quadSwapDiagonal(h4);
    sum0_4 = fma(Value(h4), weight0, sum0_4);
    sum1_4 = fma(Value(h4), weight1, sum1_4);
    sum2_4 = fma(Value(h4), weight2, sum2_4);
    sum3_4 = fma(Value(h4), weight3, sum3_4);
    sum0_5 = fma(Value(h5), weight0, sum0_5);
    sum1_5 = fma(Value(h5), weight1, sum1_5);
    sum2_5 = fma(Value(h5), weight2, sum2_5);
    sum3_5 = fma(Value(h5), weight3, sum3_5);
    sum0_6 = fma(Value(h6), weight0, sum0_6);
    sum1_6 = fma(Value(h6), weight1, sum1_6);
    sum2_6 = fma(Value(h6), weight2, sum2_6);
    sum3_6 = fma(Value(h6), weight3, sum3_6);
    sum0_7 = fma(Value(h7), weight0, sum0_7);
    sum1_7 = fma(Value(h7), weight1, sum1_7);
    sum2_7 = fma(Value(h7), weight2, sum2_7);
    sum3_7 = fma(Value(h7), weight3, sum3_7);
    let h8 = out[start2 + k / 4u][k % 4u];
    let h9 = quadSwapX(h8);
    let h10 = quadSwapY(h8);
    let h11 = quadSwapDiagonal(h8);
    sum0_8 = fma(Value(h8), weight0, sum0_8);
    sum1_8 = fma(Value(h8), weight1, sum1_8);
    sum2_8 = fma(Value(h8), weight2, sum2_8);
    sum3_8 = fma(Value(h8), weight3, sum3_8);
    sum0_9 = fma(Value(h9), weight0, sum0_9);
    sum1_9 = fma(Value(h9), weight1, sum1_9);
    sum2_9 = fma(Value(h9), weight2, sum2_9);
    sum3_9 = fma(Value(h9), weight3, sum3_9);
    sum0_10 = fma(Value(h10), weight0, sum0_10);
    sum1_10 = fma(Value(h10), weight1, sum1_10);
    sum2_10 = fma(Value(h10), weight2, sum2_10);
    sum3_10 = fma(Value(h10), weight3, sum3_10);
    sum0_11 = fma(Value(h11), weight0, sum0_11);
    sum1_11 = fma(Value(h11), weight1, sum1_11);
    sum2_11 = fma(Value(h11), weight2, sum2_11);
    sum3_11 = fma(Value(h11), weight3, sum3_11);
    let h12 = out[start3 + k / 4u][k % 4u];
    let h13 = quadSwapX(h12);
    let h14 = quadSwapY(h12);
    let h15 = quadSwapDiagonal(h12);
    sum0_12 = fma(Value(h12), weight0, sum0_12);
    sum1_12 = fma(Value(h12), weight1, sum1_12);
    sum2_12 = fma(Value(h12), weight2, sum2_12);
    sum3_12 = fma(Value(h12), weight3, sum3_12);
    sum0_13 = fma(Value(h13), weight0, sum0_13);
    sum1_13 = fma(Value(h13), weight1, sum1_13);
    sum2_13 = fma(Value(h13), weight2, sum2_13);
    sum3_13 = fma(Value(h13), weight3, sum3_13);
    sum0_14 = fma(Value(h14), weight0, sum0_14);
    sum1_14 = fma(Value(h14), weight1, sum1_14);
    sum2_14 = fma(Value(h14), weight2, sum2_14);
    sum3_14 = fma(Value(h14), weight3, sum3_14);
    sum0_15 = fma(Value(h15), weight0, sum0_15);
    sum1_15 = fma(Value(h15), weight1, sum1_15);
    sum2_15 = fma(Value(h15), weight2, sum2_15);
    sum3_15 = fma(Value(h15), weight3, sum3_15);
  }
  var sums = array<Value, 64>(
    sum0_0, sum0_1, sum0_2, sum0_3, sum0_4, sum0_5, sum0_6, sum0_7, sum0_8, sum0_9, sum0_10, sum0_11, sum0_12, sum0_13, sum0_14, sum0_15, sum1_0, sum1_1, sum1_2, sum1_3, sum1_4, sum1_5, sum1_6, sum1_7, sum1_8, sum1_9, sum1_10, sum1_11, sum1_12, sum1_13, sum1_14, sum1_15, sum2_0, sum2_1, sum2_2, sum2_3, sum2_4, sum2_5, sum2_6, sum2_7, sum2_8, sum2_9, sum2_10, sum2_11, sum2_12, sum2_13, sum2_14, sum2_15, sum3_0, sum3_1, sum3_2, sum3_3, sum3_4, sum3_5, sum3_6, sum3_7, sum3_8, sum3_9, sum3_10, sum3_11, sum3_12, sum3_13, sum3_14, sum3_15
  );
  for (var i = 0u; i < 16u; i++) {
    let row = firstRow + (i - i % 4u) + (place ^ (i % 4u));
    if (isLive && wanted < 16u && row < 32u) {
      let at = row * 5u + time;
      let before = row * 5u + earlier;
      let after = row * 5u + later;
      let x0 = x[at * 64u + 0u + unit];
      let x1 = x[at * 64u + 16u + unit];
      let x2 = x[at * 64u + 32u + unit];
      let x3 = x[at * 64u + 48u + unit];
      let a0 = sums[0u + i] + bias[0u + unit];
      let a1 = sums[16u + i] + bias[16u + unit];
      let a2 = sums[32u + i] + bias[32u + unit];
      let a3 = sums[48u + i] + bias[48u + unit];
      let inputGate = logistic(x0 + a0);
      let forget = logistic(x1 + a1);
      let candidate = hyperbolicTangent(x2 + a2);
      let output = logistic(x3 + a3);
      let cell = forget * out[before * 32u + 16u + unit] + inputGate * candidate;
      out[at * 32u + unit] = output * hyperbolicTangent(cell);
      out[at * 32u + 16u + unit] = cell;
      let saved = at * 64u + unit;
      gates[saved] = inputGate;
      gates[saved + 16u] = forget;
      gates[saved + 32u] = candidate;
      gates[saved + 48u] = output;
    }
  }
}
