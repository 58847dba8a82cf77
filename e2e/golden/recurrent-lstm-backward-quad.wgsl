// the gradients of one step's gates; dout [3, 5, 16], dx [3, 5, 32]
enable subgroups;

@group(0) @binding(0) var<storage, read> timeIndex: array<f32, 1>;
@group(0) @binding(1) var<storage, read> dout: array<vec4f, 60>;
@group(0) @binding(2) var<storage, read> out: array<vec4f, 60>;
@group(0) @binding(3) var<storage, read> gates: array<vec4f, 120>;
@group(0) @binding(4) var<storage, read> weight: array<vec4f, 64>;
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f, 120>;
@group(0) @binding(6) var<storage, read_write> dstate: array<vec4f, 30>;

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
  let start0 = (row0 * 5u + later) * 8u;
  var sum0_0 = Value(0.0);
  var sum0_1 = Value(0.0);
  var sum0_2 = Value(0.0);
  var sum0_3 = Value(0.0);
  for (var k = 0u; k < 8u; k++) {
    let h0 = dx[start0 + k];
    let h1 = quadSwapX(h0);
    let h2 = quadSwapY(h0);
    let h3 = quadSwapDiagonal(h0);
    let weight0_0 = weight[(k * 4u + 0u) * 2u + unit];
    sum0_0 = fma(Value(h0.x), weight0_0, sum0_0);
    sum0_1 = fma(Value(h1.x), weight0_0, sum0_1);
    sum0_2 = fma(Value(h2.x), weight0_0, sum0_2);
    sum0_3 = fma(Value(h3.x), weight0_0, sum0_3);
    let weight0_1 = weight[(k * 4u + 1u) * 2u + unit];
    sum0_0 = fma(Value(h0.y), weight0_1, sum0_0);
    sum0_1 = fma(Value(h1.y), weight0_1, sum0_1);
    sum0_2 = fma(Value(h2.y), weight0_1, sum0_2);
    sum0_3 = fma(Value(h3.y), weight0_1, sum0_3);
    let weight0_2 = weight[(k * 4u + 2u) * 2u + unit];
    sum0_0 = fma(Value(h0.z), weight0_2, sum0_0);
    sum0_1 = fma(Value(h1.z), weight0_2, sum0_1);
    sum0_2 = fma(Value(h2.z), weight0_2, sum0_2);
    sum0_3 = fma(Value(h3.z), weight0_2, sum0_3);
    let weight0_3 = weight[(k * 4u + 3u) * 2u + unit];
    sum0_0 = fma(Value(h0.w), weight0_3, sum0_0);
    sum0_1 = fma(Value(h1.w), weight0_3, sum0_1);
    sum0_2 = fma(Value(h2.w), weight0_3, sum0_2);
    sum0_3 = fma(Value(h3.w), weight0_3, sum0_3);
  }
  var sums = array<Value, 4>(
    sum0_0, sum0_1, sum0_2, sum0_3
  );
  for (var i = 0u; i < 4u; i++) {
    let row = firstRow + (i - i % 4u) + (place ^ (i % 4u));
    if (isLive && wanted < 2u && row < 3u) {
      let at = row * 5u + time;
      let before = row * 5u + earlier;
      let after = row * 5u + later;
      var dh = dout[at * 4u + unit];
      dh += sums[i];

      let saved = at * 8u + unit;
      let inputGate = gates[saved];
      let forget = gates[saved + 2u];
      let candidate = gates[saved + 4u];
      let output = gates[saved + 6u];
      let squashed = hyperbolicTangent(out[at * 4u + 2u + unit]);
      var dc = dout[at * 4u + 2u + unit] + dh * output * (1.0 - squashed * squashed);
      dc += dstate[after * 2u + unit] * gates[after * 8u + 2u + unit];
      let to = at * 8u + unit;
      dx[to] = dc * candidate * inputGate * (1.0 - inputGate);
      dx[to + 2u] = dc * out[before * 4u + 2u + unit] * forget * (1.0 - forget);
      dx[to + 4u] = dc * inputGate * (1.0 - candidate * candidate);
      dx[to + 6u] = dh * squashed * output * (1.0 - output);
      dstate[at * 2u + unit] = dc;
    }
  }
}
