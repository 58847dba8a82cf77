// out[n, i, y, x] = Σ over o, ky, kx of source[n, o, y′, x′] · weight[o, i, ky, kx]
// where y = y′ · 1 + ky · 1 - 0 and x = x′ · 5 + kx · 1 - 2

@group(0) @binding(0) var<storage, read> source: array<f32, 60>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 150>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 160>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 40u + column] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let columnBlock = lane % 4u;
  let row = 0u;
  let channelBlock = 0u;
  let group = 0u;
  let example = lane / 4u;
  let column = columnBlock * 10u;
  let channel = channelBlock * 2u;
  let weights0 = group * 150u + channel * 15u;
  let weights1 = group * 150u + (channel + 1u) * 15u;

  var sum0 = vec2f(0.0);
  var sum1 = vec2f(0.0);
  var sum2 = vec2f(0.0);
  var sum3 = vec2f(0.0);
  var sum4 = vec2f(0.0);
  var sum5 = vec2f(0.0);
  var sum6 = vec2f(0.0);
  var sum7 = vec2f(0.0);
  var sum8 = vec2f(0.0);
  var sum9 = vec2f(0.0);
  for (var i = 0u; i < 5u; i++) {
    let plane = (example + group) * 5u + i;
    for (var ky = 0u; ky < 1u; ky++) {
      let tap = row - ky;
      let sourceRow = tap;
      if (sourceRow >= 1u) {
        continue;
      }
      let sourceStart = (plane * 1u + sourceRow) * 6u;
      let taps = i * 30u + ky * 15u;
      for (var kx = 0u; kx < 15u; kx++) {
        let weights = vec2f(weight[weights0 + taps + kx], weight[weights1 + taps + kx]);
        let at0 = column + 2u - kx;
        let source0 = select(0.0, source[sourceStart + min(at0 / 5u, 5u)], at0 % 5u == 0u && at0 / 5u < 6u);
        let at1 = column + 3u - kx;
        let source1 = select(0.0, source[sourceStart + min(at1 / 5u, 5u)], at1 % 5u == 0u && at1 / 5u < 6u);
        let at2 = column + 4u - kx;
        let source2 = select(0.0, source[sourceStart + min(at2 / 5u, 5u)], at2 % 5u == 0u && at2 / 5u < 6u);
        let at3 = column + 5u - kx;
        let source3 = select(0.0, source[sourceStart + min(at3 / 5u, 5u)], at3 % 5u == 0u && at3 / 5u < 6u);
        let at4 = column + 6u - kx;
        let source4 = select(0.0, source[sourceStart + min(at4 / 5u, 5u)], at4 % 5u == 0u && at4 / 5u < 6u);
        let at5 = column + 7u - kx;
        let source5 = select(0.0, source[sourceStart + min(at5 / 5u, 5u)], at5 % 5u == 0u && at5 / 5u < 6u);
        let at6 = column + 8u - kx;
        let source6 = select(0.0, source[sourceStart + min(at6 / 5u, 5u)], at6 % 5u == 0u && at6 / 5u < 6u);
        let at7 = column + 9u - kx;
        let source7 = select(0.0, source[sourceStart + min(at7 / 5u, 5u)], at7 % 5u == 0u && at7 / 5u < 6u);
        let at8 = column + 10u - kx;
        let source8 = select(0.0, source[sourceStart + min(at8 / 5u, 5u)], at8 % 5u == 0u && at8 / 5u < 6u);
        let at9 = column + 11u - kx;
        let source9 = select(0.0, source[sourceStart + min(at9 / 5u, 5u)], at9 % 5u == 0u && at9 / 5u < 6u);
        sum0 += weights * source0;
        sum1 += weights * source1;
        sum2 += weights * source2;
        sum3 += weights * source3;
        sum4 += weights * source4;
        sum5 += weights * source5;
        sum6 += weights * source6;
        sum7 += weights * source7;
        sum8 += weights * source8;
        sum9 += weights * source9;
      }
    }
  }
  let firstChannel = (example + group) * 2u + channel;
  let outRow0 = firstChannel + row;
  store_out(outRow0, column, sum0.x);
  store_out(outRow0, column + 1u, sum1.x);
  store_out(outRow0, column + 2u, sum2.x);
  store_out(outRow0, column + 3u, sum3.x);
  store_out(outRow0, column + 4u, sum4.x);
  store_out(outRow0, column + 5u, sum5.x);
  store_out(outRow0, column + 6u, sum6.x);
  store_out(outRow0, column + 7u, sum7.x);
  store_out(outRow0, column + 8u, sum8.x);
  store_out(outRow0, column + 9u, sum9.x);
  let outRow1 = firstChannel + 1u + row;
  store_out(outRow1, column, sum0.y);
  store_out(outRow1, column + 1u, sum1.y);
  store_out(outRow1, column + 2u, sum2.y);
  store_out(outRow1, column + 3u, sum3.y);
  store_out(outRow1, column + 4u, sum4.y);
  store_out(outRow1, column + 5u, sum5.y);
  store_out(outRow1, column + 6u, sum6.y);
  store_out(outRow1, column + 7u, sum7.y);
  store_out(outRow1, column + 8u, sum8.y);
  store_out(outRow1, column + 9u, sum9.y);
}
