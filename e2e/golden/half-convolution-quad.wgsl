// out[n, o, y, x] = Σ over i, ky, kx of source[n, i, y · 1 + ky · 1 - 1, x · 1 + kx · 1 - 1] · weight[o, i, ky, kx] + bias[o]
enable f16, subgroups;

@group(0) @binding(0) var<storage, read> source: array<f16, 120>;
@group(0) @binding(1) var<storage, read> weight: array<f16, 54>;
@group(0) @binding(2) var<storage, read> bias: array<f32, 3>;
@group(0) @binding(3) var<storage, read_write> out: array<f16, 180>;

// f16 of x, infinite beyond 65504 on every device.
fn toHalf(x: f32) -> f16 {
  let infinite = bitcast<vec2h>(((bitcast<u32>(x) >> 16u) & 0x8000u) | 0x7c00u).x;
  return select(f16(x), infinite, abs(x) > 65504.0);
}

fn toHalves(x: vec4f) -> vec4h {
  return vec4h(toHalf(x.x), toHalf(x.y), toHalf(x.z), toHalf(x.w));
}

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 6u + column] = toHalf(value);
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 32u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 7u);
  let wantedPosition = quad % 8u * 4u + place;
  // Lanes beyond the last position do its work again: their neighbours need what they load.
  let position = min(wantedPosition, 29u);
  let columnBlock = position % 3u;
  let row = position / 3u % 5u;
  let example = position / 15u;
  let tile = quad / 8u;
  let channelBlock = 0u;
  let group = 0u;
  let column = columnBlock * 2u;
  let channel = channelBlock * 3u;
  let own0 = group * 54u + (channel + place / 3u) * 18u + place % 3u;
  let own1 = group * 54u + (channel + (place + 4u) / 3u) * 18u + (place + 4u) % 3u;
  let own2 = group * 54u + (channel + min(place + 8u, 8u) / 3u) * 18u + min(place + 8u, 8u) % 3u;
  let begin = columnBlock * 2u;
  let sourceColumn0 = min(begin - 1u, 5u);
  let sourceInside0 = begin - 1u < 6u;
  let sourceColumn1 = begin;
  let sourceColumn2 = begin + 1u;
  let sourceColumn3 = min(begin + 2u, 5u);
  let sourceInside3 = begin + 2u < 6u;
  var sum0_0 = vec3f(0.0);
  var sum0_1 = vec3f(0.0);
  for (var i = 0u; i < 2u; i++) {
    let plane = (example + group) * 2u + i;
    for (var ky = 0u; ky < 3u; ky++) {
      let wantedRow = row + ky - 1u;
      let isRow = wantedRow < 5u;
      let sourceStart = (plane * 5u + min(wantedRow, 4u)) * 6u;
      let taps = i * 9u + ky * 3u;
      let shared0 = f32(weight[own0 + taps]);
      let shared1 = f32(weight[own1 + taps]);
      let shared2 = f32(weight[own2 + taps]);
      let source0 = select(0.0, f32(source[sourceStart + sourceColumn0]), isRow & sourceInside0);
      let source1 = select(0.0, f32(source[sourceStart + sourceColumn1]), isRow);
      let source2 = select(0.0, f32(source[sourceStart + sourceColumn2]), isRow);
      let source3 = select(0.0, f32(source[sourceStart + sourceColumn3]), isRow & sourceInside3);
      let weight0_0 = vec3f(quadBroadcast(shared0, 0u), quadBroadcast(shared0, 3u), quadBroadcast(shared1, 2u));
      let weight0_1 = vec3f(quadBroadcast(shared0, 1u), quadBroadcast(shared1, 0u), quadBroadcast(shared1, 3u));
      let weight0_2 = vec3f(quadBroadcast(shared0, 2u), quadBroadcast(shared1, 1u), quadBroadcast(shared2, 0u));
      sum0_0 = fma(weight0_0, vec3f(source0), sum0_0);
      sum0_0 = fma(weight0_1, vec3f(source1), sum0_0);
      sum0_0 = fma(weight0_2, vec3f(source2), sum0_0);
      sum0_1 = fma(weight0_0, vec3f(source1), sum0_1);
      sum0_1 = fma(weight0_1, vec3f(source2), sum0_1);
      sum0_1 = fma(weight0_2, vec3f(source3), sum0_1);
    }
  }
  let added0 = vec3f(bias[group * 3u + channel], bias[group * 3u + channel + 1u], bias[group * 3u + channel + 2u]);
  sum0_0 += added0;
  sum0_1 += added0;
  if (isLive && wantedPosition == position) {
    let firstChannel = (example + group) * 3u + channel;
    let outRow0 = firstChannel * 5u + row;
    store_out(outRow0, column, sum0_0.x);
    store_out(outRow0, column + 1u, sum0_1.x);
    let outRow1 = (firstChannel + 1u) * 5u + row;
    store_out(outRow1, column, sum0_0.y);
    store_out(outRow1, column + 1u, sum0_1.y);
    let outRow2 = (firstChannel + 2u) * 5u + row;
    store_out(outRow2, column, sum0_0.z);
    store_out(outRow2, column + 1u, sum0_1.z);
  }
}
