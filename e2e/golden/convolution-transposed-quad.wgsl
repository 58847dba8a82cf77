// out[n, i, y, x] = Σ over o, ky, kx of source[n, o, y′, x′] · weight[o, i, ky, kx] in each of 2 groups
// where y = y′ · 2 + ky · 1 - 1 and x = x′ · 2 + kx · 1 - 1
enable subgroups;

@group(0) @binding(0) var<storage, read> source: array<f32, 360>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 108>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 792>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 11u + column] = value;
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 48u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 11u);
  let wantedPosition = quad % 3u * 4u + place;
  // Lanes beyond the last position do its work again: their neighbours need what they load.
  let position = min(wantedPosition, 9u);
  let columnBlock = 0u;
  let rowOfClass = position % 5u;
  let example = position / 5u;
  let tile = quad / 3u;
  let channelBlock = 0u;
  let remainder = tile % 2u;
  let group = tile / 2u;
  let row = rowOfClass * 2u + remainder;
  let shifted = remainder + 1u;
  let column = columnBlock * 12u;
  let channel = channelBlock * 2u;
  let own0 = group * 54u + (channel + place / 3u) * 9u + place % 3u;
  let own1 = group * 54u + (channel + min(place + 4u, 5u) / 3u) * 9u + min(place + 4u, 5u) % 3u;
  let begin = columnBlock * 6u;
  let sourceColumn0 = begin;
  let sourceColumn1 = begin + 1u;
  let sourceColumn2 = begin + 2u;
  let sourceColumn3 = begin + 3u;
  let sourceColumn4 = begin + 4u;
  let sourceColumn5 = begin + 5u;
  var sum0_0 = vec2f(0.0);
  var sum0_1 = vec2f(0.0);
  var sum0_2 = vec2f(0.0);
  var sum0_3 = vec2f(0.0);
  var sum0_4 = vec2f(0.0);
  var sum0_5 = vec2f(0.0);
  var sum0_6 = vec2f(0.0);
  var sum0_7 = vec2f(0.0);
  var sum0_8 = vec2f(0.0);
  var sum0_9 = vec2f(0.0);
  var sum0_10 = vec2f(0.0);
  var sum0_11 = vec2f(0.0);
  for (var i = 0u; i < 3u; i++) {
    let plane = (example * 2u + group) * 3u + i;
    for (var tapOfClass = 0u; tapOfClass < 2u; tapOfClass++) {
      let wantedTap = shifted % 2u + tapOfClass * 2u;
      let ky = min(wantedTap, 2u);
      let wantedRow = rowOfClass + shifted / 2u - tapOfClass;
      let isRow = (wantedRow < 5u) & (ky == wantedTap);
      let sourceStart = (plane * 5u + min(wantedRow, 4u)) * 6u;
      let taps = i * 18u + ky * 3u;
      let shared0 = weight[own0 + taps];
      let shared1 = weight[own1 + taps];
      let source0 = select(0.0, source[sourceStart + sourceColumn0], isRow);
      let source1 = select(0.0, source[sourceStart + sourceColumn1], isRow);
      let source2 = select(0.0, source[sourceStart + sourceColumn2], isRow);
      let source3 = select(0.0, source[sourceStart + sourceColumn3], isRow);
      let source4 = select(0.0, source[sourceStart + sourceColumn4], isRow);
      let source5 = select(0.0, source[sourceStart + sourceColumn5], isRow);
      let weight0_0 = vec2f(quadBroadcast(shared0, 0u), quadBroadcast(shared0, 3u));
      let weight0_1 = vec2f(quadBroadcast(shared0, 1u), quadBroadcast(shared1, 0u));
      let weight0_2 = vec2f(quadBroadcast(shared0, 2u), quadBroadcast(shared1, 1u));
      sum0_0 = fma(weight0_1, vec2f(source0), sum0_0);
      sum0_1 = fma(weight0_0, vec2f(source1), sum0_1);
      sum0_1 = fma(weight0_2, vec2f(source0), sum0_1);
      sum0_2 = fma(weight0_1, vec2f(source1), sum0_2);
      sum0_3 = fma(weight0_0, vec2f(source2), sum0_3);
      sum0_3 = fma(weight0_2, vec2f(source1), sum0_3);
      sum0_4 = fma(weight0_1, vec2f(source2), sum0_4);
      sum0_5 = fma(weight0_0, vec2f(source3), sum0_5);
      sum0_5 = fma(weight0_2, vec2f(source2), sum0_5);
      sum0_6 = fma(weight0_1, vec2f(source3), sum0_6);
      sum0_7 = fma(weight0_0, vec2f(source4), sum0_7);
      sum0_7 = fma(weight0_2, vec2f(source3), sum0_7);
      sum0_8 = fma(weight0_1, vec2f(source4), sum0_8);
      sum0_9 = fma(weight0_0, vec2f(source5), sum0_9);
      sum0_9 = fma(weight0_2, vec2f(source4), sum0_9);
      sum0_10 = fma(weight0_1, vec2f(source5), sum0_10);
    }
  }
  if (isLive && wantedPosition == position && row < 9u) {
    let firstChannel = (example * 2u + group) * 2u + channel;
    let outRow0 = firstChannel * 9u + row;
    store_out(outRow0, column, sum0_0.x);
    if (column + 1u < 11u) {
      store_out(outRow0, column + 1u, sum0_1.x);
    }
    if (column + 2u < 11u) {
      store_out(outRow0, column + 2u, sum0_2.x);
    }
    if (column + 3u < 11u) {
      store_out(outRow0, column + 3u, sum0_3.x);
    }
    if (column + 4u < 11u) {
      store_out(outRow0, column + 4u, sum0_4.x);
    }
    if (column + 5u < 11u) {
      store_out(outRow0, column + 5u, sum0_5.x);
    }
    if (column + 6u < 11u) {
      store_out(outRow0, column + 6u, sum0_6.x);
    }
    if (column + 7u < 11u) {
      store_out(outRow0, column + 7u, sum0_7.x);
    }
    if (column + 8u < 11u) {
      store_out(outRow0, column + 8u, sum0_8.x);
    }
    if (column + 9u < 11u) {
      store_out(outRow0, column + 9u, sum0_9.x);
    }
    if (column + 10u < 11u) {
      store_out(outRow0, column + 10u, sum0_10.x);
    }
    if (column + 11u < 11u) {
      store_out(outRow0, column + 11u, sum0_11.x);
    }
    let outRow1 = (firstChannel + 1u) * 9u + row;
    store_out(outRow1, column, sum0_0.y);
    if (column + 1u < 11u) {
      store_out(outRow1, column + 1u, sum0_1.y);
    }
    if (column + 2u < 11u) {
      store_out(outRow1, column + 2u, sum0_2.y);
    }
    if (column + 3u < 11u) {
      store_out(outRow1, column + 3u, sum0_3.y);
    }
    if (column + 4u < 11u) {
      store_out(outRow1, column + 4u, sum0_4.y);
    }
    if (column + 5u < 11u) {
      store_out(outRow1, column + 5u, sum0_5.y);
    }
    if (column + 6u < 11u) {
      store_out(outRow1, column + 6u, sum0_6.y);
    }
    if (column + 7u < 11u) {
      store_out(outRow1, column + 7u, sum0_7.y);
    }
    if (column + 8u < 11u) {
      store_out(outRow1, column + 8u, sum0_8.y);
    }
    if (column + 9u < 11u) {
      store_out(outRow1, column + 9u, sum0_9.y);
    }
    if (column + 10u < 11u) {
      store_out(outRow1, column + 10u, sum0_10.y);
    }
    if (column + 11u < 11u) {
      store_out(outRow1, column + 11u, sum0_11.y);
    }
  }
}
