// out[n, i, y, x] = Σ over o, ky, kx of source[n, o, y′, x′] · weight[o, i, ky, kx]
// where y = y′ · 1 + ky · 1 - 0 and x = x′ · 5 + kx · 1 - 2
enable subgroups;

@group(0) @binding(0) var<storage, read> source: array<f32, 60>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 150>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 160>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 40u + column] = value;
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 32u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 7u);
  let wantedPosition = quad % 4u * 4u + place;
  // Lanes beyond the last position do its work again: their neighbours need what they load.
  let position = min(wantedPosition, 15u);
  let columnBlock = position % 8u;
  let row = 0u;
  let example = position / 8u;
  let tile = quad / 4u;
  let channelBlock = tile;
  let group = 0u;
  let column = columnBlock * 5u;
  let channel = channelBlock;
  let own0 = group * 150u + channel * 15u;

  var sum0_0 = f32(0.0);
  var sum0_1 = f32(0.0);
  var sum0_2 = f32(0.0);
  var sum0_3 = f32(0.0);
  var sum0_4 = f32(0.0);
  for (var i = 0u; i < 5u; i++) {
    let plane = (example + group) * 5u + i;
    for (var ky = 0u; ky < 1u; ky++) {
      let tap = row - ky;
      let wantedRow = tap;
      let sourceStart = (plane * 1u + wantedRow) * 6u;
      let taps = i * 30u + ky * 15u;
      for (var kx = 0u; kx < 15u; kx++) {
        let shared0 = weight[own0 + taps + kx];
        let weight0_0 = quadBroadcast(shared0, 0u);
        let at0 = column + 2u - kx;
        let source0 = select(0.0, source[sourceStart + min(at0 / 5u, 5u)], (at0 / 5u < 6u) & (at0 % 5u == 0u));
        let at1 = column + 3u - kx;
        let source1 = select(0.0, source[sourceStart + min(at1 / 5u, 5u)], (at1 / 5u < 6u) & (at1 % 5u == 0u));
        let at2 = column + 4u - kx;
        let source2 = select(0.0, source[sourceStart + min(at2 / 5u, 5u)], (at2 / 5u < 6u) & (at2 % 5u == 0u));
        let at3 = column + 5u - kx;
        let source3 = select(0.0, source[sourceStart + min(at3 / 5u, 5u)], (at3 / 5u < 6u) & (at3 % 5u == 0u));
        let at4 = column + 6u - kx;
        let source4 = select(0.0, source[sourceStart + min(at4 / 5u, 5u)], (at4 / 5u < 6u) & (at4 % 5u == 0u));
        sum0_0 = fma(weight0_0, f32(source0), sum0_0);
        sum0_1 = fma(weight0_0, f32(source1), sum0_1);
        sum0_2 = fma(weight0_0, f32(source2), sum0_2);
        sum0_3 = fma(weight0_0, f32(source3), sum0_3);
        sum0_4 = fma(weight0_0, f32(source4), sum0_4);
      }
    }
  }
  if (isLive && wantedPosition == position) {
    let firstChannel = (example + group) * 2u + channel;
    let outRow0 = firstChannel + row;
    store_out(outRow0, column, sum0_0);
    store_out(outRow0, column + 1u, sum0_1);
    store_out(outRow0, column + 2u, sum0_2);
    store_out(outRow0, column + 3u, sum0_3);
    store_out(outRow0, column + 4u, sum0_4);
  }
}
