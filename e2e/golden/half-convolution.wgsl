// out[n, o, y, x] = Σ over i, ky, kx of source[n, i, y · 1 + ky · 1 - 1, x · 1 + kx · 1 - 1] · weight[o, i, ky, kx] + bias[o]
enable f16;

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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 10u) {
    return;
  }
  let columnBlock = 0u;
  let row = lane % 5u;
  let channelBlock = 0u;
  let group = 0u;
  let example = lane / 5u;
  let column = columnBlock * 6u;
  let channel = channelBlock * 3u;
  let weights0 = group * 54u + channel * 18u;
  let weights1 = group * 54u + (channel + 1u) * 18u;
  let weights2 = group * 54u + (channel + 2u) * 18u;
  let begin = columnBlock * 6u;
  let sourceColumn0 = min(begin - 1u, 5u);
  let sourceInside0 = begin - 1u < 6u;
  let sourceColumn1 = begin;
  let sourceColumn2 = begin + 1u;
  let sourceColumn3 = begin + 2u;
  let sourceColumn4 = begin + 3u;
  let sourceColumn5 = begin + 4u;
  let sourceColumn6 = begin + 5u;
  let sourceColumn7 = min(begin + 6u, 5u);
  let sourceInside7 = begin + 6u < 6u;
  var sum0 = vec3f(0.0);
  var sum1 = vec3f(0.0);
  var sum2 = vec3f(0.0);
  var sum3 = vec3f(0.0);
  var sum4 = vec3f(0.0);
  var sum5 = vec3f(0.0);
  for (var i = 0u; i < 2u; i++) {
    let plane = (example + group) * 2u + i;
    for (var ky = 0u; ky < 3u; ky++) {
      let sourceRow = row + ky - 1u;
      if (sourceRow >= 5u) {
        continue;
      }
      let sourceStart = (plane * 5u + sourceRow) * 6u;
      let taps = i * 9u + ky * 3u;
      let source0 = select(0.0, f32(source[sourceStart + sourceColumn0]), sourceInside0);
      let source1 = f32(source[sourceStart + sourceColumn1]);
      let source2 = f32(source[sourceStart + sourceColumn2]);
      let source3 = f32(source[sourceStart + sourceColumn3]);
      let source4 = f32(source[sourceStart + sourceColumn4]);
      let source5 = f32(source[sourceStart + sourceColumn5]);
      let source6 = f32(source[sourceStart + sourceColumn6]);
      let source7 = select(0.0, f32(source[sourceStart + sourceColumn7]), sourceInside7);
      let weight0 = vec3f(f32(weight[weights0 + taps]), f32(weight[weights1 + taps]), f32(weight[weights2 + taps]));
      sum0 += weight0 * source0;
      sum1 += weight0 * source1;
      sum2 += weight0 * source2;
      sum3 += weight0 * source3;
      sum4 += weight0 * source4;
      sum5 += weight0 * source5;
      let weight1 = vec3f(f32(weight[weights0 + taps + 1u]), f32(weight[weights1 + taps + 1u]), f32(weight[weights2 + taps + 1u]));
      sum0 += weight1 * source1;
      sum1 += weight1 * source2;
      sum2 += weight1 * source3;
      sum3 += weight1 * source4;
      sum4 += weight1 * source5;
      sum5 += weight1 * source6;
      let weight2 = vec3f(f32(weight[weights0 + taps + 2u]), f32(weight[weights1 + taps + 2u]), f32(weight[weights2 + taps + 2u]));
      sum0 += weight2 * source2;
      sum1 += weight2 * source3;
      sum2 += weight2 * source4;
      sum3 += weight2 * source5;
      sum4 += weight2 * source6;
      sum5 += weight2 * source7;
    }
  }
  let added = vec3f(bias[group * 3u + channel], bias[group * 3u + channel + 1u], bias[group * 3u + channel + 2u]);
  sum0 += added;
  sum1 += added;
  sum2 += added;
  sum3 += added;
  sum4 += added;
  sum5 += added;
  let firstChannel = (example + group) * 3u + channel;
  let outRow0 = firstChannel * 5u + row;
  store_out(outRow0, column, sum0.x);
  store_out(outRow0, column + 1u, sum1.x);
  store_out(outRow0, column + 2u, sum2.x);
  store_out(outRow0, column + 3u, sum3.x);
  store_out(outRow0, column + 4u, sum4.x);
  store_out(outRow0, column + 5u, sum5.x);
  let outRow1 = (firstChannel + 1u) * 5u + row;
  store_out(outRow1, column, sum0.y);
  store_out(outRow1, column + 1u, sum1.y);
  store_out(outRow1, column + 2u, sum2.y);
  store_out(outRow1, column + 3u, sum3.y);
  store_out(outRow1, column + 4u, sum4.y);
  store_out(outRow1, column + 5u, sum5.y);
  let outRow2 = (firstChannel + 2u) * 5u + row;
  store_out(outRow2, column, sum0.z);
  store_out(outRow2, column + 1u, sum1.z);
  store_out(outRow2, column + 2u, sum2.z);
  store_out(outRow2, column + 3u, sum3.z);
  store_out(outRow2, column + 4u, sum4.z);
  store_out(outRow2, column + 5u, sum5.z);
}
