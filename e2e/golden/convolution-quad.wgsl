// out[n, o, y, x] = relu(Σ over i, ky, kx of source[n, i, y · 2 + ky · 1 - 1, x · 2 + kx · 1 - 1] · weight[o, i, ky, kx] + bias[o]) in each of 2 groups
enable subgroups;

@group(0) @binding(0) var<storage, read> source: array<f32, 792>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 108>;
@group(0) @binding(2) var<storage, read> bias: array<f32, 6>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 360>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 6u + column] = value;
}

fn relu(x: Value) -> Value {
  return select(x, Value(0.0), x <= Value(0.0));
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = relu(value);
  return value;
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 24u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 5u);
  let wantedPosition = quad % 3u * 4u + place;
  // Lanes beyond the last position do its work again: their neighbours need what they load.
  let position = min(wantedPosition, 9u);
  let columnBlock = 0u;
  let row = position % 5u;
  let example = position / 5u;
  let tile = quad / 3u;
  let channelBlock = 0u;
  let group = tile;
  let column = columnBlock * 6u;
  let channel = channelBlock * 3u;
  let own0 = group * 54u + (channel + place / 3u) * 18u + place % 3u;
  let own1 = group * 54u + (channel + (place + 4u) / 3u) * 18u + (place + 4u) % 3u;
  let own2 = group * 54u + (channel + min(place + 8u, 8u) / 3u) * 18u + min(place + 8u, 8u) % 3u;
  let begin = columnBlock * 12u;
  let sourceColumn0 = begin;
  let sourceColumn1 = begin + 1u;
  let sourceColumn2 = begin + 2u;
  let sourceColumn3 = begin + 3u;
  let sourceColumn4 = begin + 4u;
  let sourceColumn5 = begin + 5u;
  let sourceColumn6 = begin + 6u;
  let sourceColumn7 = begin + 7u;
  let sourceColumn8 = begin + 8u;
  let sourceColumn9 = begin + 9u;
  let sourceColumn10 = begin + 10u;
  var sum0_0 = vec3f(0.0);
  var sum0_1 = vec3f(0.0);
  var sum0_2 = vec3f(0.0);
  var sum0_3 = vec3f(0.0);
  var sum0_4 = vec3f(0.0);
  var sum0_5 = vec3f(0.0);
  for (var i = 0u; i < 2u; i++) {
    let plane = (example * 2u + group) * 2u + i;
    for (var ky = 0u; ky < 3u; ky++) {
      let wantedRow = row * 2u + ky - 1u;
      let isRow = wantedRow < 9u;
      let sourceStart = (plane * 9u + min(wantedRow, 8u)) * 11u;
      let taps = i * 9u + ky * 3u;
      let shared0 = weight[own0 + taps];
      let shared1 = weight[own1 + taps];
      let shared2 = weight[own2 + taps];
      let source0 = select(0.0, source[sourceStart + sourceColumn0], isRow);
      let source1 = select(0.0, source[sourceStart + sourceColumn1], isRow);
      let source2 = select(0.0, source[sourceStart + sourceColumn2], isRow);
      let source3 = select(0.0, source[sourceStart + sourceColumn3], isRow);
      let source4 = select(0.0, source[sourceStart + sourceColumn4], isRow);
      let source5 = select(0.0, source[sourceStart + sourceColumn5], isRow);
      let source6 = select(0.0, source[sourceStart + sourceColumn6], isRow);
      let source7 = select(0.0, source[sourceStart + sourceColumn7], isRow);
      let source8 = select(0.0, source[sourceStart + sourceColumn8], isRow);
      let source9 = select(0.0, source[sourceStart + sourceColumn9], isRow);
      let source10 = select(0.0, source[sourceStart + sourceColumn10], isRow);
      let weight0_0 = vec3f(quadBroadcast(shared0, 0u), quadBroadcast(shared0, 3u), quadBroadcast(shared1, 2u));
      let weight0_1 = vec3f(quadBroadcast(shared0, 1u), quadBroadcast(shared1, 0u), quadBroadcast(shared1, 3u));
      let weight0_2 = vec3f(quadBroadcast(shared0, 2u), quadBroadcast(shared1, 1u), quadBroadcast(shared2, 0u));
      sum0_0 = fma(weight0_1, vec3f(source0), sum0_0);
      sum0_0 = fma(weight0_2, vec3f(source1), sum0_0);
      sum0_1 = fma(weight0_0, vec3f(source1), sum0_1);
      sum0_1 = fma(weight0_1, vec3f(source2), sum0_1);
      sum0_1 = fma(weight0_2, vec3f(source3), sum0_1);
      sum0_2 = fma(weight0_0, vec3f(source3), sum0_2);
      sum0_2 = fma(weight0_1, vec3f(source4), sum0_2);
      sum0_2 = fma(weight0_2, vec3f(source5), sum0_2);
      sum0_3 = fma(weight0_0, vec3f(source5), sum0_3);
      sum0_3 = fma(weight0_1, vec3f(source6), sum0_3);
      sum0_3 = fma(weight0_2, vec3f(source7), sum0_3);
      sum0_4 = fma(weight0_0, vec3f(source7), sum0_4);
      sum0_4 = fma(weight0_1, vec3f(source8), sum0_4);
      sum0_4 = fma(weight0_2, vec3f(source9), sum0_4);
      sum0_5 = fma(weight0_0, vec3f(source9), sum0_5);
      sum0_5 = fma(weight0_1, vec3f(source10), sum0_5);
    }
  }
  let added0 = vec3f(bias[group * 3u + channel], bias[group * 3u + channel + 1u], bias[group * 3u + channel + 2u]);
  sum0_0 += added0;
  sum0_1 += added0;
  sum0_2 += added0;
  sum0_3 += added0;
  sum0_4 += added0;
  sum0_5 += added0;
  if (isLive && wantedPosition == position) {
    let firstChannel = (example * 2u + group) * 3u + channel;
    let outRow0 = firstChannel * 5u + row;
    store_out(outRow0, column, epilogue(sum0_0.x, outRow0, column));
    store_out(outRow0, column + 1u, epilogue(sum0_1.x, outRow0, column + 1u));
    store_out(outRow0, column + 2u, epilogue(sum0_2.x, outRow0, column + 2u));
    store_out(outRow0, column + 3u, epilogue(sum0_3.x, outRow0, column + 3u));
    store_out(outRow0, column + 4u, epilogue(sum0_4.x, outRow0, column + 4u));
    store_out(outRow0, column + 5u, epilogue(sum0_5.x, outRow0, column + 5u));
    let outRow1 = (firstChannel + 1u) * 5u + row;
    store_out(outRow1, column, epilogue(sum0_0.y, outRow1, column));
    store_out(outRow1, column + 1u, epilogue(sum0_1.y, outRow1, column + 1u));
    store_out(outRow1, column + 2u, epilogue(sum0_2.y, outRow1, column + 2u));
    store_out(outRow1, column + 3u, epilogue(sum0_3.y, outRow1, column + 3u));
    store_out(outRow1, column + 4u, epilogue(sum0_4.y, outRow1, column + 4u));
    store_out(outRow1, column + 5u, epilogue(sum0_5.y, outRow1, column + 5u));
    let outRow2 = (firstChannel + 2u) * 5u + row;
    store_out(outRow2, column, epilogue(sum0_0.z, outRow2, column));
    store_out(outRow2, column + 1u, epilogue(sum0_1.z, outRow2, column + 1u));
    store_out(outRow2, column + 2u, epilogue(sum0_2.z, outRow2, column + 2u));
    store_out(outRow2, column + 3u, epilogue(sum0_3.z, outRow2, column + 3u));
    store_out(outRow2, column + 4u, epilogue(sum0_4.z, outRow2, column + 4u));
    store_out(outRow2, column + 5u, epilogue(sum0_5.z, outRow2, column + 5u));
  }
}
