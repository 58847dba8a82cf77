// i, f, o = σ(x + W·h + b), g = tanh(x + W·h + b), c = f · c + i · g, h = o · tanh(c); input [3, 5, 32], out [3, 5, 16]
enable subgroups;

@group(0) @binding(0) var<storage, read> timeIndex: array<f32, 1>;
@group(0) @binding(1) var<storage, read> x: array<vec4f, 120>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f, 64>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f, 8>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f, 60>;
@group(0) @binding(5) var<storage, read_write> gates: array<vec4f, 120>;

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
  let isLive = lane < 4u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 0u);
  let wanted = place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let unit = min(wanted, 1u);
  let firstRow = quad * 4u;
  let row0 = min(firstRow + 0u + place, 2u);
  let time = min(u32(timeIndex[0]), 4u);
  let earlier = max(time, 1u) - 1u;
  let later = min(time + 1u, 4u);
  let start0 = (row0 * 5u + earlier) * 4u;
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
  var sum3_0 = Value(0.0);
  var sum3_1 = Value(0.0);
  var sum3_2 = Value(0.0);
  var sum3_3 = Value(0.0);
  for (var k = 0u; k < 2u; k++) {
    let column0_0 = weight[(unit * 4u + 0u) * 2u + k];
    let column0_1 = weight[(unit * 4u + 1u) * 2u + k];
    let column0_2 = weight[(unit * 4u + 2u) * 2u + k];
    let column0_3 = weight[(unit * 4u + 3u) * 2u + k];
    let column1_0 = weight[(unit * 4u + 8u) * 2u + k];
    let column1_1 = weight[(unit * 4u + 9u) * 2u + k];
    let column1_2 = weight[(unit * 4u + 10u) * 2u + k];
    let column1_3 = weight[(unit * 4u + 11u) * 2u + k];
    let column2_0 = weight[(unit * 4u + 16u) * 2u + k];
    let column2_1 = weight[(unit * 4u + 17u) * 2u + k];
    let column2_2 = weight[(unit * 4u + 18u) * 2u + k];
    let column2_3 = weight[(unit * 4u + 19u) * 2u + k];
    let column3_0 = weight[(unit * 4u + 24u) * 2u + k];
    let column3_1 = weight[(unit * 4u + 25u) * 2u + k];
    let column3_2 = weight[(unit * 4u + 26u) * 2u + k];
    let column3_3 = weight[(unit * 4u + 27u) * 2u + k];
    let h0 = out[start0 + k];
    let h1 = quadSwapX(h0);
    let h2 = quadSwapY(h0);
    let h3 = quadSwapDiagonal(h0);
    let weight0_0 = Value(column0_0.x, column0_1.x, column0_2.x, column0_3.x);
    sum0_0 = fma(Value(h0.x), weight0_0, sum0_0);
    sum0_1 = fma(Value(h1.x), weight0_0, sum0_1);
    sum0_2 = fma(Value(h2.x), weight0_0, sum0_2);
    sum0_3 = fma(Value(h3.x), weight0_0, sum0_3);
    let weight1_0 = Value(column1_0.x, column1_1.x, column1_2.x, column1_3.x);
    sum1_0 = fma(Value(h0.x), weight1_0, sum1_0);
    sum1_1 = fma(Value(h1.x), weight1_0, sum1_1);
    sum1_2 = fma(Value(h2.x), weight1_0, sum1_2);
    sum1_3 = fma(Value(h3.x), weight1_0, sum1_3);
    let weight2_0 = Value(column2_0.x, column2_1.x, column2_2.x, column2_3.x);
    sum2_0 = fma(Value(h0.x), weight2_0, sum2_0);
    sum2_1 = fma(Value(h1.x), weight2_0, sum2_1);
    sum2_2 = fma(Value(h2.x), weight2_0, sum2_2);
    sum2_3 = fma(Value(h3.x), weight2_0, sum2_3);
    let weight3_0 = Value(column3_0.x, column3_1.x, column3_2.x, column3_3.x);
    sum3_0 = fma(Value(h0.x), weight3_0, sum3_0);
    sum3_1 = fma(Value(h1.x), weight3_0, sum3_1);
    sum3_2 = fma(Value(h2.x), weight3_0, sum3_2);
    sum3_3 = fma(Value(h3.x), weight3_0, sum3_3);
    let weight0_1 = Value(column0_0.y, column0_1.y, column0_2.y, column0_3.y);
    sum0_0 = fma(Value(h0.y), weight0_1, sum0_0);
    sum0_1 = fma(Value(h1.y), weight0_1, sum0_1);
    sum0_2 = fma(Value(h2.y), weight0_1, sum0_2);
    sum0_3 = fma(Value(h3.y), weight0_1, sum0_3);
    let weight1_1 = Value(column1_0.y, column1_1.y, column1_2.y, column1_3.y);
    sum1_0 = fma(Value(h0.y), weight1_1, sum1_0);
    sum1_1 = fma(Value(h1.y), weight1_1, sum1_1);
    sum1_2 = fma(Value(h2.y), weight1_1, sum1_2);
    sum1_3 = fma(Value(h3.y), weight1_1, sum1_3);
    let weight2_1 = Value(column2_0.y, column2_1.y, column2_2.y, column2_3.y);
    sum2_0 = fma(Value(h0.y), weight2_1, sum2_0);
    sum2_1 = fma(Value(h1.y), weight2_1, sum2_1);
    sum2_2 = fma(Value(h2.y), weight2_1, sum2_2);
    sum2_3 = fma(Value(h3.y), weight2_1, sum2_3);
    let weight3_1 = Value(column3_0.y, column3_1.y, column3_2.y, column3_3.y);
    sum3_0 = fma(Value(h0.y), weight3_1, sum3_0);
    sum3_1 = fma(Value(h1.y), weight3_1, sum3_1);
    sum3_2 = fma(Value(h2.y), weight3_1, sum3_2);
    sum3_3 = fma(Value(h3.y), weight3_1, sum3_3);
    let weight0_2 = Value(column0_0.z, column0_1.z, column0_2.z, column0_3.z);
    sum0_0 = fma(Value(h0.z), weight0_2, sum0_0);
    sum0_1 = fma(Value(h1.z), weight0_2, sum0_1);
    sum0_2 = fma(Value(h2.z), weight0_2, sum0_2);
    sum0_3 = fma(Value(h3.z), weight0_2, sum0_3);
    let weight1_2 = Value(column1_0.z, column1_1.z, column1_2.z, column1_3.z);
    sum1_0 = fma(Value(h0.z), weight1_2, sum1_0);
    sum1_1 = fma(Value(h1.z), weight1_2, sum1_1);
    sum1_2 = fma(Value(h2.z), weight1_2, sum1_2);
    sum1_3 = fma(Value(h3.z), weight1_2, sum1_3);
    let weight2_2 = Value(column2_0.z, column2_1.z, column2_2.z, column2_3.z);
    sum2_0 = fma(Value(h0.z), weight2_2, sum2_0);
    sum2_1 = fma(Value(h1.z), weight2_2, sum2_1);
    sum2_2 = fma(Value(h2.z), weight2_2, sum2_2);
    sum2_3 = fma(Value(h3.z), weight2_2, sum2_3);
    let weight3_2 = Value(column3_0.z, column3_1.z, column3_2.z, column3_3.z);
    sum3_0 = fma(Value(h0.z), weight3_2, sum3_0);
    sum3_1 = fma(Value(h1.z), weight3_2, sum3_1);
    sum3_2 = fma(Value(h2.z), weight3_2, sum3_2);
    sum3_3 = fma(Value(h3.z), weight3_2, sum3_3);
    let weight0_3 = Value(column0_0.w, column0_1.w, column0_2.w, column0_3.w);
    sum0_0 = fma(Value(h0.w), weight0_3, sum0_0);
    sum0_1 = fma(Value(h1.w), weight0_3, sum0_1);
    sum0_2 = fma(Value(h2.w), weight0_3, sum0_2);
    sum0_3 = fma(Value(h3.w), weight0_3, sum0_3);
    let weight1_3 = Value(column1_0.w, column1_1.w, column1_2.w, column1_3.w);
    sum1_0 = fma(Value(h0.w), weight1_3, sum1_0);
    sum1_1 = fma(Value(h1.w), weight1_3, sum1_1);
    sum1_2 = fma(Value(h2.w), weight1_3, sum1_2);
    sum1_3 = fma(Value(h3.w), weight1_3, sum1_3);
    let weight2_3 = Value(column2_0.w, column2_1.w, column2_2.w, column2_3.w);
    sum2_0 = fma(Value(h0.w), weight2_3, sum2_0);
    sum2_1 = fma(Value(h1.w), weight2_3, sum2_1);
    sum2_2 = fma(Value(h2.w), weight2_3, sum2_2);
    sum2_3 = fma(Value(h3.w), weight2_3, sum2_3);
    let weight3_3 = Value(column3_0.w, column3_1.w, column3_2.w, column3_3.w);
    sum3_0 = fma(Value(h0.w), weight3_3, sum3_0);
    sum3_1 = fma(Value(h1.w), weight3_3, sum3_1);
    sum3_2 = fma(Value(h2.w), weight3_3, sum3_2);
    sum3_3 = fma(Value(h3.w), weight3_3, sum3_3);
  }
  var sums = array<Value, 16>(
    sum0_0, sum0_1, sum0_2, sum0_3, sum1_0, sum1_1, sum1_2, sum1_3,
    sum2_0, sum2_1, sum2_2, sum2_3, sum3_0, sum3_1, sum3_2, sum3_3
  );
  for (var i = 0u; i < 4u; i++) {
    let row = firstRow + (i - i % 4u) + (place ^ (i % 4u));
    if (isLive && wanted < 2u && row < 3u) {
      let at = row * 5u + time;
      let before = row * 5u + earlier;
      let after = row * 5u + later;
      let x0 = x[at * 8u + 0u + unit];
      let x1 = x[at * 8u + 2u + unit];
      let x2 = x[at * 8u + 4u + unit];
      let x3 = x[at * 8u + 6u + unit];
      let a0 = sums[0u + i] + bias[0u + unit];
      let a1 = sums[4u + i] + bias[2u + unit];
      let a2 = sums[8u + i] + bias[4u + unit];
      let a3 = sums[12u + i] + bias[6u + unit];
      let inputGate = logistic(x0 + a0);
      let forget = logistic(x1 + a1);
      let candidate = hyperbolicTangent(x2 + a2);
      let output = logistic(x3 + a3);
      let cell = forget * out[before * 4u + 2u + unit] + inputGate * candidate;
      out[at * 4u + unit] = output * hyperbolicTangent(cell);
      out[at * 4u + 2u + unit] = cell;
      let saved = at * 8u + unit;
      gates[saved] = inputGate;
      gates[saved + 2u] = forget;
      gates[saved + 4u] = candidate;
      gates[saved + 6u] = output;
    }
  }
}
