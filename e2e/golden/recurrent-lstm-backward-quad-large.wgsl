// the gradients of one step's gates; dout [32, 5, 128], dx [32, 5, 256]
enable subgroups;

@group(0) @binding(0) var<storage, read> timeIndex: array<f32, 1>;
@group(0) @binding(1) var<storage, read> dout: array<vec4f, 5120>;
@group(0) @binding(2) var<storage, read> out: array<vec4f, 5120>;
@group(0) @binding(3) var<storage, read> gates: array<vec4f, 10240>;
@group(0) @binding(4) var<storage, read> weight: array<vec4f, 4096>;
@group(0) @binding(5) var<storage, read> initialCell: array<vec4f, 512>;
@group(0) @binding(6) var<storage, read_write> dx: array<vec4f, 10240>;
@group(0) @binding(7) var<storage, read_write> dstate: array<vec4f, 2560>;

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
  let start0 = (row0 * 5u + later) * 64u;
  let start1 = (row1 * 5u + later) * 64u;
  let start2 = (row2 * 5u + later) * 64u;
  let start3 = (row3 * 5u + later) * 64u;
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
  for (var k = 0u; k < 64u; k++) {
    let h0 = dx[start0 + k];
    let h1 = quadSwapX(h0);
    let h2 = quadSwapY(h0);
    let h3 = quadSwapDiagonal(h0);
    let h4 = dx[start1 + k];
    let h5 = quadSwapX(h4);
    let h6 = quadSwapY(h4);
    let h7 = quadSwapDiagonal(h4);
    let h8 = dx[start2 + k];
    let h9 = quadSwapX(h8);
    let h10 = quadSwapY(h8);
    let h11 = quadSwapDiagonal(h8);
    let h12 = dx[start3 + k];
    let h13 = quadSwapX(h12);
    let h14 = quadSwapY(h12);
    let h15 = quadSwapDiagonal(h12);
    let weight0_0 = weight[(k * 4u + 0u) * 16u + unit];
    sum0_0 = fma(Value(h0.x), weight0_0, sum0_0);
    sum0_1 = fma(Value(h1.x), weight0_0, sum0_1);
    sum0_2 = fma(Value(h2.x), weight0_0, sum0_2);
    sum0_3 = fma(Value(h3.x), weight0_0, sum0_3);
    sum0_4 = fma(Value(h4.x), weight0_0, sum0_4);
    sum0_5 = fma(Value(h5.x), weight0_0, sum0_5);
    sum0_6 = fma(Value(h6.x), weight0_0, sum0_6);
    sum0_7 = fma(Value(h7.x), weight0_0, sum0_7);
    sum0_8 = fma(Value(h8.x), weight0_0, sum0_8);
    sum0_9 = fma(Value(h9.x), weight0_0, sum0_9);
    sum0_10 = fma(Value(h10.x), weight0_0, sum0_10);
    sum0_11 = fma(Value(h11.x), weight0_0, sum0_11);
    sum0_12 = fma(Value(h12.x), weight0_0, sum0_12);
    sum0_13 = fma(Value(h13.x), weight0_0, sum0_13);
    sum0_14 = fma(Value(h14.x), weight0_0, sum0_14);
    sum0_15 = fma(Value(h15.x), weight0_0, sum0_15);
    let weight0_1 = weight[(k * 4u + 1u) * 16u + unit];
    sum0_0 = fma(Value(h0.y), weight0_1, sum0_0);
    sum0_1 = fma(Value(h1.y), weight0_1, sum0_1);
    sum0_2 = fma(Value(h2.y), weight0_1, sum0_2);
    sum0_3 = fma(Value(h3.y), weight0_1, sum0_3);
    sum0_4 = fma(Value(h4.y), weight0_1, sum0_4);
    sum0_5 = fma(Value(h5.y), weight0_1, sum0_5);
    sum0_6 = fma(Value(h6.y), weight0_1, sum0_6);
    sum0_7 = fma(Value(h7.y), weight0_1, sum0_7);
    sum0_8 = fma(Value(h8.y), weight0_1, sum0_8);
    sum0_9 = fma(Value(h9.y), weight0_1, sum0_9);
    sum0_10 = fma(Value(h10.y), weight0_1, sum0_10);
    sum0_11 = fma(Value(h11.y), weight0_1, sum0_11);
    sum0_12 = fma(Value(h12.y), weight0_1, sum0_12);
    sum0_13 = fma(Value(h13.y), weight0_1, sum0_13);
    sum0_14 = fma(Value(h14.y), weight0_1, sum0_14);
    sum0_15 = fma(Value(h15.y), weight0_1, sum0_15);
    let weight0_2 = weight[(k * 4u + 2u) * 16u + unit];
    sum0_0 = fma(Value(h0.z), weight0_2, sum0_0);
    sum0_1 = fma(Value(h1.z), weight0_2, sum0_1);
    sum0_2 = fma(Value(h2.z), weight0_2, sum0_2);
    sum0_3 = fma(Value(h3.z), weight0_2, sum0_3);
    sum0_4 = fma(Value(h4.z), weight0_2, sum0_4);
    sum0_5 = fma(Value(h5.z), weight0_2, sum0_5);
    sum0_6 = fma(Value(h6.z), weight0_2, sum0_6);
    sum0_7 = fma(Value(h7.z), weight0_2, sum0_7);
    sum0_8 = fma(Value(h8.z), weight0_2, sum0_8);
    sum0_9 = fma(Value(h9.z), weight0_2, sum0_9);
    sum0_10 = fma(Value(h10.z), weight0_2, sum0_10);
    sum0_11 = fma(Value(h11.z), weight0_2, sum0_11);
    sum0_12 = fma(Value(h12.z), weight0_2, sum0_12);
    sum0_13 = fma(Value(h13.z), weight0_2, sum0_13);
    sum0_14 = fma(Value(h14.z), weight0_2, sum0_14);
    sum0_15 = fma(Value(h15.z), weight0_2, sum0_15);
    let weight0_3 = weight[(k * 4u + 3u) * 16u + unit];
    sum0_0 = fma(Value(h0.w), weight0_3, sum0_0);
    sum0_1 = fma(Value(h1.w), weight0_3, sum0_1);
    sum0_2 = fma(Value(h2.w), weight0_3, sum0_2);
    sum0_3 = fma(Value(h3.w), weight0_3, sum0_3);
    sum0_4 = fma(Value(h4.w), weight0_3, sum0_4);
    sum0_5 = fma(Value(h5.w), weight0_3, sum0_5);
    sum0_6 = fma(Value(h6.w), weight0_3, sum0_6);
    sum0_7 = fma(Value(h7.w), weight0_3, sum0_7);
    sum0_8 = fma(Value(h8.w), weight0_3, sum0_8);
    sum0_9 = fma(Value(h9.w), weight0_3, sum0_9);
    sum0_10 = fma(Value(h10.w), weight0_3, sum0_10);
    sum0_11 = fma(Value(h11.w), weight0_3, sum0_11);
    sum0_12 = fma(Value(h12.w), weight0_3, sum0_12);
    sum0_13 = fma(Value(h13.w), weight0_3, sum0_13);
    sum0_14 = fma(Value(h14.w), weight0_3, sum0_14);
    sum0_15 = fma(Value(h15.w), weight0_3, sum0_15);
  }
  var sums = array<Value, 16>(
    sum0_0, sum0_1, sum0_2, sum0_3, sum0_4, sum0_5, sum0_6, sum0_7,
    sum0_8, sum0_9, sum0_10, sum0_11, sum0_12, sum0_13, sum0_14, sum0_15
  );
  for (var i = 0u; i < 16u; i++) {
    let row = firstRow + (i - i % 4u) + (place ^ (i % 4u));
    if (isLive && wanted < 16u && row < 32u) {
      let at = row * 5u + time;
      let before = row * 5u + earlier;
      let after = row * 5u + later;
      var dh = dout[at * 32u + unit];
      dh += sums[i];

      let saved = at * 64u + unit;
      let inputGate = gates[saved];
      let forget = gates[saved + 16u];
      let candidate = gates[saved + 32u];
      let output = gates[saved + 48u];
      let squashed = hyperbolicTangent(out[at * 32u + 16u + unit]);
      var dc = dout[at * 32u + 16u + unit] + dh * output * (1.0 - squashed * squashed);
      dc += dstate[after * 16u + unit] * gates[after * 64u + 16u + unit];
      let to = at * 64u + unit;
      dx[to] = dc * candidate * inputGate * (1.0 - inputGate);
      dx[to + 16u] = dc * initialCell[row * 16u + unit] * forget * (1.0 - forget);
      dx[to + 32u] = dc * inputGate * (1.0 - candidate * candidate);
      dx[to + 48u] = dh * squashed * output * (1.0 - output);
      dstate[at * 16u + unit] = dc;
    }
  }
}
