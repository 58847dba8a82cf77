// out[n, o, y, x] = Σ over i, ky, kx of source[n, i, y · 1 + ky · 1 - 0, x · 5 + kx · 1 - 2] · weight[o, i, ky, kx]

@group(0) @binding(0) var<storage, read> source: array<f32, 160>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 150>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 60>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 6u + column] = value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 4u) {
    return;
  }
  let columnBlock = 0u;
  let row = 0u;
  let channelBlock = lane % 2u;
  let group = 0u;
  let example = lane / 2u;
  let column = columnBlock * 6u;
  let channel = channelBlock * 3u;
  let weights0 = group * 150u + channel * 30u;
  let weights1 = group * 150u + (min(channel + 1u, 4u)) * 30u;
  let weights2 = group * 150u + (min(channel + 2u, 4u)) * 30u;

  var sum0 = vec3f(0.0);
  var sum1 = vec3f(0.0);
  var sum2 = vec3f(0.0);
  var sum3 = vec3f(0.0);
  var sum4 = vec3f(0.0);
  var sum5 = vec3f(0.0);
  for (var i = 0u; i < 2u; i++) {
    let plane = (example + group) * 2u + i;
    for (var ky = 0u; ky < 1u; ky++) {
      let sourceRow = row + ky;
      if (sourceRow >= 1u) {
        continue;
      }
      let sourceStart = (plane * 1u + sourceRow) * 40u;
      let taps = i * 15u + ky * 15u;
      for (var kx = 0u; kx < 15u; kx++) {
        let weights = vec3f(weight[weights0 + taps + kx], weight[weights1 + taps + kx], weight[weights2 + taps + kx]);
        let at0 = column * 5u + kx - 2u;
        let source0 = select(0.0, source[sourceStart + min(at0, 39u)], at0 < 40u);
        let at1 = ((column + 1u)) * 5u + kx - 2u;
        let source1 = select(0.0, source[sourceStart + min(at1, 39u)], at1 < 40u);
        let at2 = ((column + 2u)) * 5u + kx - 2u;
        let source2 = select(0.0, source[sourceStart + min(at2, 39u)], at2 < 40u);
        let at3 = ((column + 3u)) * 5u + kx - 2u;
        let source3 = select(0.0, source[sourceStart + min(at3, 39u)], at3 < 40u);
        let at4 = ((column + 4u)) * 5u + kx - 2u;
        let source4 = select(0.0, source[sourceStart + min(at4, 39u)], at4 < 40u);
        let at5 = ((column + 5u)) * 5u + kx - 2u;
        let source5 = select(0.0, source[sourceStart + min(at5, 39u)], at5 < 40u);
        sum0 += weights * source0;
        sum1 += weights * source1;
        sum2 += weights * source2;
        sum3 += weights * source3;
        sum4 += weights * source4;
        sum5 += weights * source5;
      }
    }
  }
  let firstChannel = (example + group) * 5u + channel;
  let outRow0 = firstChannel + row;
  store_out(outRow0, column, sum0.x);
  store_out(outRow0, column + 1u, sum1.x);
  store_out(outRow0, column + 2u, sum2.x);
  store_out(outRow0, column + 3u, sum3.x);
  store_out(outRow0, column + 4u, sum4.x);
  store_out(outRow0, column + 5u, sum5.x);
  if (channel + 1u < 5u) {
    let outRow1 = firstChannel + 1u + row;
    store_out(outRow1, column, sum0.y);
    store_out(outRow1, column + 1u, sum1.y);
    store_out(outRow1, column + 2u, sum2.y);
    store_out(outRow1, column + 3u, sum3.y);
    store_out(outRow1, column + 4u, sum4.y);
    store_out(outRow1, column + 5u, sum5.y);
  }
  if (channel + 2u < 5u) {
    let outRow2 = firstChannel + 2u + row;
    store_out(outRow2, column, sum0.z);
    store_out(outRow2, column + 1u, sum1.z);
    store_out(outRow2, column + 2u, sum2.z);
    store_out(outRow2, column + 3u, sum3.z);
    store_out(outRow2, column + 4u, sum4.z);
    store_out(outRow2, column + 5u, sum5.z);
  }
}
