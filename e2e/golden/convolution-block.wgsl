// out[n, o, y, x] = relu(Σ over i, ky, kx of source[n, i, y · 2 + ky · 1 - 1, x · 2 + kx · 1 - 1] · weight[o, i, ky, kx] + bias[o]) in each of 2 groups

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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 20u) {
    return;
  }
  let columnBlock = 0u;
  let row = lane % 5u;
  let channelBlock = 0u;
  let group = lane / 5u % 2u;
  let example = lane / 10u;
  let column = columnBlock * 6u;
  let channel = channelBlock * 3u;
  let weights0 = group * 54u + channel * 18u;
  let weights1 = group * 54u + (channel + 1u) * 18u;
  let weights2 = group * 54u + (channel + 2u) * 18u;
  let begin = columnBlock * 12u;
  let sourceColumn0 = min(begin - 1u, 10u);
  let sourceInside0 = begin - 1u < 11u;
  let sourceColumn1 = begin;
  let sourceColumn2 = begin + 1u;
  let sourceColumn3 = begin + 2u;
  let sourceColumn4 = begin + 3u;
  let sourceColumn5 = begin + 4u;
  let sourceColumn6 = begin + 5u;
  let sourceColumn7 = begin + 6u;
  let sourceColumn8 = begin + 7u;
  let sourceColumn9 = begin + 8u;
  let sourceColumn10 = begin + 9u;
  let sourceColumn11 = begin + 10u;
  let sourceColumn12 = min(begin + 11u, 10u);
  let sourceInside12 = begin + 11u < 11u;
  var sum0 = vec3f(0.0);
  var sum1 = vec3f(0.0);
  var sum2 = vec3f(0.0);
  var sum3 = vec3f(0.0);
  var sum4 = vec3f(0.0);
  var sum5 = vec3f(0.0);
  for (var i = 0u; i < 2u; i++) {
    let plane = (example * 2u + group) * 2u + i;
    for (var ky = 0u; ky < 3u; ky++) {
      let sourceRow = row * 2u + ky - 1u;
      if (sourceRow >= 9u) {
        continue;
      }
      let sourceStart = (plane * 9u + sourceRow) * 11u;
      let taps = i * 9u + ky * 3u;
      let source0 = select(0.0, source[sourceStart + sourceColumn0], sourceInside0);
      let source1 = source[sourceStart + sourceColumn1];
      let source2 = source[sourceStart + sourceColumn2];
      let source3 = source[sourceStart + sourceColumn3];
      let source4 = source[sourceStart + sourceColumn4];
      let source5 = source[sourceStart + sourceColumn5];
      let source6 = source[sourceStart + sourceColumn6];
      let source7 = source[sourceStart + sourceColumn7];
      let source8 = source[sourceStart + sourceColumn8];
      let source9 = source[sourceStart + sourceColumn9];
      let source10 = source[sourceStart + sourceColumn10];
      let source11 = source[sourceStart + sourceColumn11];
      let source12 = select(0.0, source[sourceStart + sourceColumn12], sourceInside12);
      let weight0 = vec3f(weight[weights0 + taps], weight[weights1 + taps], weight[weights2 + taps]);
      sum0 += weight0 * source0;
      sum1 += weight0 * source2;
      sum2 += weight0 * source4;
      sum3 += weight0 * source6;
      sum4 += weight0 * source8;
      sum5 += weight0 * source10;
      let weight1 = vec3f(weight[weights0 + taps + 1u], weight[weights1 + taps + 1u], weight[weights2 + taps + 1u]);
      sum0 += weight1 * source1;
      sum1 += weight1 * source3;
      sum2 += weight1 * source5;
      sum3 += weight1 * source7;
      sum4 += weight1 * source9;
      sum5 += weight1 * source11;
      let weight2 = vec3f(weight[weights0 + taps + 2u], weight[weights1 + taps + 2u], weight[weights2 + taps + 2u]);
      sum0 += weight2 * source2;
      sum1 += weight2 * source4;
      sum2 += weight2 * source6;
      sum3 += weight2 * source8;
      sum4 += weight2 * source10;
      sum5 += weight2 * source12;
    }
  }
  let added = vec3f(bias[group * 3u + channel], bias[group * 3u + channel + 1u], bias[group * 3u + channel + 2u]);
  sum0 += added;
  sum1 += added;
  sum2 += added;
  sum3 += added;
  sum4 += added;
  sum5 += added;
  let firstChannel = (example * 2u + group) * 3u + channel;
  let outRow0 = firstChannel * 5u + row;
  store_out(outRow0, column, epilogue(sum0.x, outRow0, column));
  store_out(outRow0, column + 1u, epilogue(sum1.x, outRow0, column + 1u));
  store_out(outRow0, column + 2u, epilogue(sum2.x, outRow0, column + 2u));
  store_out(outRow0, column + 3u, epilogue(sum3.x, outRow0, column + 3u));
  store_out(outRow0, column + 4u, epilogue(sum4.x, outRow0, column + 4u));
  store_out(outRow0, column + 5u, epilogue(sum5.x, outRow0, column + 5u));
  let outRow1 = (firstChannel + 1u) * 5u + row;
  store_out(outRow1, column, epilogue(sum0.y, outRow1, column));
  store_out(outRow1, column + 1u, epilogue(sum1.y, outRow1, column + 1u));
  store_out(outRow1, column + 2u, epilogue(sum2.y, outRow1, column + 2u));
  store_out(outRow1, column + 3u, epilogue(sum3.y, outRow1, column + 3u));
  store_out(outRow1, column + 4u, epilogue(sum4.y, outRow1, column + 4u));
  store_out(outRow1, column + 5u, epilogue(sum5.y, outRow1, column + 5u));
  let outRow2 = (firstChannel + 2u) * 5u + row;
  store_out(outRow2, column, epilogue(sum0.z, outRow2, column));
  store_out(outRow2, column + 1u, epilogue(sum1.z, outRow2, column + 1u));
  store_out(outRow2, column + 2u, epilogue(sum2.z, outRow2, column + 2u));
  store_out(outRow2, column + 3u, epilogue(sum3.z, outRow2, column + 3u));
  store_out(outRow2, column + 4u, epilogue(sum4.z, outRow2, column + 4u));
  store_out(outRow2, column + 5u, epilogue(sum5.z, outRow2, column + 5u));
}
