// i, f, o = σ(x + W·h + b), g = tanh(x + W·h + b), c = f · c + i · g, h = o · tanh(c); input [32, 5, 256], out [32, 5, 128]
enable subgroups;

@group(0) @binding(0) var<storage, read> timeIndex: array<f32, 1>;
@group(0) @binding(1) var<storage, read> x: array<vec4f, 10240>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f, 4096>;
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
  let isLive = lane < 64u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 15u);
  let wanted = quad % 4u * 4u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let unit = min(wanted, 15u);
  let firstRow = (quad / 4u) * 8u;
  let row0 = min(firstRow + 0u + place, 31u);
  let row1 = min(firstRow + 4u + place, 31u);
  let time = min(u32(timeIndex[0]), 4u);
  let earlier = max(time, 1u) - 1u;
  let later = min(time + 1u, 4u);
  let start0 = (row0 * 5u + earlier) * 32u;
  let start1 = (row1 * 5u + earlier) * 32u;
  var sum0_0 = Value(0.0);
  var sum0_1 = Value(0.0);
  var sum0_2 = Value(0.0);
  var sum0_3 = Value(0.0);
  var sum0_4 = Value(0.0);
  var sum0_5 = Value(0.0);
  var sum0_6 = Value(0.0);
  var sum0_7 = Value(0.0);
  var sum1_0 = Value(0.0);
  var sum1_1 = Value(0.0);
  var sum1_2 = Value(0.0);
  var sum1_3 = Value(0.0);
  var sum1_4 = Value(0.0);
  var sum1_5 = Value(0.0);
  var sum1_6 = Value(0.0);
  var sum1_7 = Value(0.0);
  var sum2_0 = Value(0.0);
  var sum2_1 = Value(0.0);
  var sum2_2 = Value(0.0);
  var sum2_3 = Value(0.0);
  var sum2_4 = Value(0.0);
  var sum2_5 = Value(0.0);
  var sum2_6 = Value(0.0);
  var sum2_7 = Value(0.0);
  var sum3_0 = Value(0.0);
  var sum3_1 = Value(0.0);
  var sum3_2 = Value(0.0);
  var sum3_3 = Value(0.0);
  var sum3_4 = Value(0.0);
  var sum3_5 = Value(0.0);
  var sum3_6 = Value(0.0);
  var sum3_7 = Value(0.0);
  for (var k = 0u; k < 16u; k++) {
    let column0_0 = weight[(unit * 4u + 0u) * 16u + k];
    let column0_1 = weight[(unit * 4u + 1u) * 16u + k];
    let column0_2 = weight[(unit * 4u + 2u) * 16u + k];
    let column0_3 = weight[(unit * 4u + 3u) * 16u + k];
    let column1_0 = weight[(unit * 4u + 64u) * 16u + k];
    let column1_1 = weight[(unit * 4u + 65u) * 16u + k];
    let column1_2 = weight[(unit * 4u + 66u) * 16u + k];
    let column1_3 = weight[(unit * 4u + 67u) * 16u + k];
    let column2_0 = weight[(unit * 4u + 128u) * 16u + k];
    let column2_1 = weight[(unit * 4u + 129u) * 16u + k];
    let column2_2 = weight[(unit * 4u + 130u) * 16u + k];
    let column2_3 = weight[(unit * 4u + 131u) * 16u + k];
    let column3_0 = weight[(unit * 4u + 192u) * 16u + k];
    let column3_1 = weight[(unit * 4u + 193u) * 16u + k];
    let column3_2 = weight[(unit * 4u + 194u) * 16u + k];
    let column3_3 = weight[(unit * 4u + 195u) * 16u + k];
    let h0 = out[start0 + k];
    let h1 = quadSwapX(h0);
    let h2 = quadSwapY(h0);
    let h3 = quadSwapDiagonal(h0);
    let h4 = out[start1 + k];
    let h5 = quadSwapX(h4);
    let h6 = quadSwapY(h4);
    let h7 = quadSwapDiagonal(h4);
    let weight0_0 = Value(column0_0.x, column0_1.x, column0_2.x, column0_3.x);
    sum0_0 = fma(Value(h0.x), weight0_0, sum0_0);
    sum0_1 = fma(Value(h1.x), weight0_0, sum0_1);
    sum0_2 = fma(Value(h2.x), weight0_0, sum0_2);
    sum0_3 = fma(Value(h3.x), weight0_0, sum0_3);
    sum0_4 = fma(Value(h4.x), weight0_0, sum0_4);
    sum0_5 = fma(Value(h5.x), weight0_0, sum0_5);
    sum0_6 = fma(Value(h6.x), weight0_0, sum0_6);
    sum0_7 = fma(Value(h7.x), weight0_0, sum0_7);
    let weight1_0 = Value(column1_0.x, column1_1.x, column1_2.x, column1_3.x);
    sum1_0 = fma(Value(h0.x), weight1_0, sum1_0);
    sum1_1 = fma(Value(h1.x), weight1_0, sum1_1);
    sum1_2 = fma(Value(h2.x), weight1_0, sum1_2);
    sum1_3 = fma(Value(h3.x), weight1_0, sum1_3);
    sum1_4 = fma(Value(h4.x), weight1_0, sum1_4);
    sum1_5 = fma(Value(h5.x), weight1_0, sum1_5);
    sum1_6 = fma(Value(h6.x), weight1_0, sum1_6);
    sum1_7 = fma(Value(h7.x), weight1_0, sum1_7);
    let weight2_0 = Value(column2_0.x, column2_1.x, column2_2.x, column2_3.x);
    sum2_0 = fma(Value(h0.x), weight2_0, sum2_0);
    sum2_1 = fma(Value(h1.x), weight2_0, sum2_1);
    sum2_2 = fma(Value(h2.x), weight2_0, sum2_2);
    sum2_3 = fma(Value(h3.x), weight2_0, sum2_3);
    sum2_4 = fma(Value(h4.x), weight2_0, sum2_4);
    sum2_5 = fma(Value(h5.x), weight2_0, sum2_5);
    sum2_6 = fma(Value(h6.x), weight2_0, sum2_6);
    sum2_7 = fma(Value(h7.x), weight2_0, sum2_7);
    let weight3_0 = Value(column3_0.x, column3_1.x, column3_2.x, column3_3.x);
    sum3_0 = fma(Value(h0.x), weight3_0, sum3_0);
    sum3_1 = fma(Value(h1.x), weight3_0, sum3_1);
    sum3_2 = fma(Value(h2.x), weight3_0, sum3_2);
    sum3_3 = fma(Value(h3.x), weight3_0, sum3_3);
    sum3_4 = fma(Value(h4.x), weight3_0, sum3_4);
    sum3_5 = fma(Value(h5.x), weight3_0, sum3_5);
    sum3_6 = fma(Value(h6.x), weight3_0, sum3_6);
    sum3_7 = fma(Value(h7.x), weight3_0, sum3_7);
    let weight0_1 = Value(column0_0.y, column0_1.y, column0_2.y, column0_3.y);
    sum0_0 = fma(Value(h0.y), weight0_1, sum0_0);
    sum0_1 = fma(Value(h1.y), weight0_1, sum0_1);
    sum0_2 = fma(Value(h2.y), weight0_1, sum0_2);
    sum0_3 = fma(Value(h3.y), weight0_1, sum0_3);
    sum0_4 = fma(Value(h4.y), weight0_1, sum0_4);
    sum0_5 = fma(Value(h5.y), weight0_1, sum0_5);
    sum0_6 = fma(Value(h6.y), weight0_1, sum0_6);
    sum0_7 = fma(Value(h7.y), weight0_1, sum0_7);
    let weight1_1 = Value(column1_0.y, column1_1.y, column1_2.y, column1_3.y);
    sum1_0 = fma(Value(h0.y), weight1_1, sum1_0);
    sum1_1 = fma(Value(h1.y), weight1_1, sum1_1);
    sum1_2 = fma(Value(h2.y), weight1_1, sum1_2);
    sum1_3 = fma(Value(h3.y), weight1_1, sum1_3);
    sum1_4 = fma(Value(h4.y), weight1_1, sum1_4);
    sum1_5 = fma(Value(h5.y), weight1_1, sum1_5);
    sum1_6 = fma(Value(h6.y), weight1_1, sum1_6);
    sum1_7 = fma(Value(h7.y), weight1_1, sum1_7);
    let weight2_1 = Value(column2_0.y, column2_1.y, column2_2.y, column2_3.y);
    sum2_0 = fma(Value(h0.y), weight2_1, sum2_0);
    sum2_1 = fma(Value(h1.y), weight2_1, sum2_1);
    sum2_2 = fma(Value(h2.y), weight2_1, sum2_2);
    sum2_3 = fma(Value(h3.y), weight2_1, sum2_3);
    sum2_4 = fma(Value(h4.y), weight2_1, sum2_4);
    sum2_5 = fma(Value(h5.y), weight2_1, sum2_5);
    sum2_6 = fma(Value(h6.y), weight2_1, sum2_6);
    sum2_7 = fma(Value(h7.y), weight2_1, sum2_7);
    let weight3_1 = Value(column3_0.y, column3_1.y, column3_2.y, column3_3.y);
    sum3_0 = fma(Value(h0.y), weight3_1, sum3_0);
    sum3_1 = fma(Value(h1.y), weight3_1, sum3_1);
    sum3_2 = fma(Value(h2.y), weight3_1, sum3_2);
    sum3_3 = fma(Value(h3.y), weight3_1, sum3_3);
    sum3_4 = fma(Value(h4.y), weight3_1, sum3_4);
    sum3_5 = fma(Value(h5.y), weight3_1, sum3_5);
    sum3_6 = fma(Value(h6.y), weight3_1, sum3_6);
    sum3_7 = fma(Value(h7.y), weight3_1, sum3_7);
    let weight0_2 = Value(column0_0.z, column0_1.z, column0_2.z, column0_3.z);
    sum0_0 = fma(Value(h0.z), weight0_2, sum0_0);
    sum0_1 = fma(Value(h1.z), weight0_2, sum0_1);
    sum0_2 = fma(Value(h2.z), weight0_2, sum0_2);
    sum0_3 = fma(Value(h3.z), weight0_2, sum0_3);
    sum0_4 = fma(Value(h4.z), weight0_2, sum0_4);
    sum0_5 = fma(Value(h5.z), weight0_2, sum0_5);
    sum0_6 = fma(Value(h6.z), weight0_2, sum0_6);
    sum0_7 = fma(Value(h7.z), weight0_2, sum0_7);
    let weight1_2 = Value(column1_0.z, column1_1.z, column1_2.z, column1_3.z);
    sum1_0 = fma(Value(h0.z), weight1_2, sum1_0);
    sum1_1 = fma(Value(h1.z), weight1_2, sum1_1);
    sum1_2 = fma(Value(h2.z), weight1_2, sum1_2);
    sum1_3 = fma(Value(h3.z), weight1_2, sum1_3);
    sum1_4 = fma(Value(h4.z), weight1_2, sum1_4);
    sum1_5 = fma(Value(h5.z), weight1_2, sum1_5);
    sum1_6 = fma(Value(h6.z), weight1_2, sum1_6);
    sum1_7 = fma(Value(h7.z), weight1_2, sum1_7);
    let weight2_2 = Value(column2_0.z, column2_1.z, column2_2.z, column2_3.z);
    sum2_0 = fma(Value(h0.z), weight2_2, sum2_0);
    sum2_1 = fma(Value(h1.z), weight2_2, sum2_1);
    sum2_2 = fma(Value(h2.z), weight2_2, sum2_2);
    sum2_3 = fma(Value(h3.z), weight2_2, sum2_3);
    sum2_4 = fma(Value(h4.z), weight2_2, sum2_4);
    sum2_5 = fma(Value(h5.z), weight2_2, sum2_5);
    sum2_6 = fma(Value(h6.z), weight2_2, sum2_6);
    sum2_7 = fma(Value(h7.z), weight2_2, sum2_7);
    let weight3_2 = Value(column3_0.z, column3_1.z, column3_2.z, column3_3.z);
    sum3_0 = fma(Value(h0.z), weight3_2, sum3_0);
    sum3_1 = fma(Value(h1.z), weight3_2, sum3_1);
    sum3_2 = fma(Value(h2.z), weight3_2, sum3_2);
    sum3_3 = fma(Value(h3.z), weight3_2, sum3_3);
    sum3_4 = fma(Value(h4.z), weight3_2, sum3_4);
    sum3_5 = fma(Value(h5.z), weight3_2, sum3_5);
    sum3_6 = fma(Value(h6.z), weight3_2, sum3_6);
    sum3_7 = fma(Value(h7.z), weight3_2, sum3_7);
    let weight0_3 = Value(column0_0.w, column0_1.w, column0_2.w, column0_3.w);
    sum0_0 = fma(Value(h0.w), weight0_3, sum0_0);
    sum0_1 = fma(Value(h1.w), weight0_3, sum0_1);
    sum0_2 = fma(Value(h2.w), weight0_3, sum0_2);
    sum0_3 = fma(Value(h3.w), weight0_3, sum0_3);
    sum0_4 = fma(Value(h4.w), weight0_3, sum0_4);
    sum0_5 = fma(Value(h5.w), weight0_3, sum0_5);
    sum0_6 = fma(Value(h6.w), weight0_3, sum0_6);
    sum0_7 = fma(Value(h7.w), weight0_3, sum0_7);
    let weight1_3 = Value(column1_0.w, column1_1.w, column1_2.w, column1_3.w);
    sum1_0 = fma(Value(h0.w), weight1_3, sum1_0);
    sum1_1 = fma(Value(h1.w), weight1_3, sum1_1);
    sum1_2 = fma(Value(h2.w), weight1_3, sum1_2);
    sum1_3 = fma(Value(h3.w), weight1_3, sum1_3);
    sum1_4 = fma(Value(h4.w), weight1_3, sum1_4);
    sum1_5 = fma(Value(h5.w), weight1_3, sum1_5);
    sum1_6 = fma(Value(h6.w), weight1_3, sum1_6);
    sum1_7 = fma(Value(h7.w), weight1_3, sum1_7);
    let weight2_3 = Value(column2_0.w, column2_1.w, column2_2.w, column2_3.w);
    sum2_0 = fma(Value(h0.w), weight2_3, sum2_0);
    sum2_1 = fma(Value(h1.w), weight2_3, sum2_1);
    sum2_2 = fma(Value(h2.w), weight2_3, sum2_2);
    sum2_3 = fma(Value(h3.w), weight2_3, sum2_3);
    sum2_4 = fma(Value(h4.w), weight2_3, sum2_4);
    sum2_5 = fma(Value(h5.w), weight2_3, sum2_5);
    sum2_6 = fma(Value(h6.w), weight2_3, sum2_6);
    sum2_7 = fma(Value(h7.w), weight2_3, sum2_7);
    let weight3_3 = Value(column3_0.w, column3_1.w, column3_2.w, column3_3.w);
    sum3_0 = fma(Value(h0.w), weight3_3, sum3_0);
    sum3_1 = fma(Value(h1.w), weight3_3, sum3_1);
    sum3_2 = fma(Value(h2.w), weight3_3, sum3_2);
    sum3_3 = fma(Value(h3.w), weight3_3, sum3_3);
    sum3_4 = fma(Value(h4.w), weight3_3, sum3_4);
    sum3_5 = fma(Value(h5.w), weight3_3, sum3_5);
    sum3_6 = fma(Value(h6.w), weight3_3, sum3_6);
    sum3_7 = fma(Value(h7.w), weight3_3, sum3_7);
  }
  var sums = array<Value, 32>(
    sum0_0, sum0_1, sum0_2, sum0_3, sum0_4, sum0_5, sum0_6, sum0_7,
    sum1_0, sum1_1, sum1_2, sum1_3, sum1_4, sum1_5, sum1_6, sum1_7,
    sum2_0, sum2_1, sum2_2, sum2_3, sum2_4, sum2_5, sum2_6, sum2_7,
    sum3_0, sum3_1, sum3_2, sum3_3, sum3_4, sum3_5, sum3_6, sum3_7
  );
  for (var i = 0u; i < 8u; i++) {
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
      let a1 = sums[8u + i] + bias[16u + unit];
      let a2 = sums[16u + i] + bias[32u + unit];
      let a3 = sums[24u + i] + bias[48u + unit];
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
