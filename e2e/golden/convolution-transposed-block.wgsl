// out[n, i, y, x] = Σ over o, ky, kx of source[n, o, y′, x′] · weight[o, i, ky, kx] in each of 2 groups
// where y = y′ · 2 + ky · 1 - 1 and x = x′ · 2 + kx · 1 - 1

@group(0) @binding(0) var<storage, read> source: array<f32, 360>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 108>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 792>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 11u + column] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 36u) {
    return;
  }
  let columnBlock = 0u;
  let row = lane % 9u;
  let channelBlock = 0u;
  let group = lane / 9u % 2u;
  let example = lane / 18u;
  let column = columnBlock * 12u;
  let channel = channelBlock * 2u;
  let weights0 = group * 54u + channel * 9u;
  let weights1 = group * 54u + (channel + 1u) * 9u;
  let begin = columnBlock * 6u;
  let sourceColumn0 = begin;
  let sourceColumn1 = begin + 1u;
  let sourceColumn2 = begin + 2u;
  let sourceColumn3 = begin + 3u;
  let sourceColumn4 = begin + 4u;
  let sourceColumn5 = begin + 5u;
  let sourceColumn6 = min(begin + 6u, 5u);
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
  var sum10 = vec2f(0.0);
  var sum11 = vec2f(0.0);
  for (var i = 0u; i < 3u; i++) {
    let plane = (example * 2u + group) * 3u + i;
    for (var ky = 0u; ky < 3u; ky++) {
      let tap = row + 1u - ky;
      let sourceRow = tap / 2u;
      if (tap % 2u != 0u || sourceRow >= 5u) {
        continue;
      }
      let sourceStart = (plane * 5u + sourceRow) * 6u;
      let taps = i * 18u + ky * 3u;
      let source0 = source[sourceStart + sourceColumn0];
      let source1 = source[sourceStart + sourceColumn1];
      let source2 = source[sourceStart + sourceColumn2];
      let source3 = source[sourceStart + sourceColumn3];
      let source4 = source[sourceStart + sourceColumn4];
      let source5 = source[sourceStart + sourceColumn5];
      let source6 = source[sourceStart + sourceColumn6];
      let weight0 = vec2f(weight[weights0 + taps], weight[weights1 + taps]);
      sum1 += weight0 * source1;
      sum3 += weight0 * source2;
      sum5 += weight0 * source3;
      sum7 += weight0 * source4;
      sum9 += weight0 * source5;
      sum11 += weight0 * source6;
      let weight1 = vec2f(weight[weights0 + taps + 1u], weight[weights1 + taps + 1u]);
      sum0 += weight1 * source0;
      sum2 += weight1 * source1;
      sum4 += weight1 * source2;
      sum6 += weight1 * source3;
      sum8 += weight1 * source4;
      sum10 += weight1 * source5;
      let weight2 = vec2f(weight[weights0 + taps + 2u], weight[weights1 + taps + 2u]);
      sum1 += weight2 * source0;
      sum3 += weight2 * source1;
      sum5 += weight2 * source2;
      sum7 += weight2 * source3;
      sum9 += weight2 * source4;
      sum11 += weight2 * source5;
    }
  }
  let firstChannel = (example * 2u + group) * 2u + channel;
  let outRow0 = firstChannel * 9u + row;
  store_out(outRow0, column, sum0.x);
  if (column + 1u < 11u) {
    store_out(outRow0, column + 1u, sum1.x);
  }
  if (column + 2u < 11u) {
    store_out(outRow0, column + 2u, sum2.x);
  }
  if (column + 3u < 11u) {
    store_out(outRow0, column + 3u, sum3.x);
  }
  if (column + 4u < 11u) {
    store_out(outRow0, column + 4u, sum4.x);
  }
  if (column + 5u < 11u) {
    store_out(outRow0, column + 5u, sum5.x);
  }
  if (column + 6u < 11u) {
    store_out(outRow0, column + 6u, sum6.x);
  }
  if (column + 7u < 11u) {
    store_out(outRow0, column + 7u, sum7.x);
  }
  if (column + 8u < 11u) {
    store_out(outRow0, column + 8u, sum8.x);
  }
  if (column + 9u < 11u) {
    store_out(outRow0, column + 9u, sum9.x);
  }
  if (column + 10u < 11u) {
    store_out(outRow0, column + 10u, sum10.x);
  }
  if (column + 11u < 11u) {
    store_out(outRow0, column + 11u, sum11.x);
  }
  let outRow1 = (firstChannel + 1u) * 9u + row;
  store_out(outRow1, column, sum0.y);
  if (column + 1u < 11u) {
    store_out(outRow1, column + 1u, sum1.y);
  }
  if (column + 2u < 11u) {
    store_out(outRow1, column + 2u, sum2.y);
  }
  if (column + 3u < 11u) {
    store_out(outRow1, column + 3u, sum3.y);
  }
  if (column + 4u < 11u) {
    store_out(outRow1, column + 4u, sum4.y);
  }
  if (column + 5u < 11u) {
    store_out(outRow1, column + 5u, sum5.y);
  }
  if (column + 6u < 11u) {
    store_out(outRow1, column + 6u, sum6.y);
  }
  if (column + 7u < 11u) {
    store_out(outRow1, column + 7u, sum7.y);
  }
  if (column + 8u < 11u) {
    store_out(outRow1, column + 8u, sum8.y);
  }
  if (column + 9u < 11u) {
    store_out(outRow1, column + 9u, sum9.y);
  }
  if (column + 10u < 11u) {
    store_out(outRow1, column + 10u, sum10.y);
  }
  if (column + 11u < 11u) {
    store_out(outRow1, column + 11u, sum11.y);
  }
}
