// out[n, o, y, x] = Σ over i, ky, kx of source[n, i, y · 1 + ky · 1 - 0, x · 5 + kx · 1 - 2] · weight[o, i, ky, kx]
enable subgroups;

@group(0) @binding(0) var<storage, read> source: array<f32, 160>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 150>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 60>;

alias Value = f32;

fn store_out(row: u32, column: u32, value: Value) {
  out[row * 6u + column] = value;
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 24u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 5u);
  let wantedPosition = quad % 3u * 4u + place;
  // Lanes beyond the last position do its work again: their neighbours need what they load.
  let position = min(wantedPosition, 11u);
  let columnBlock = position % 6u;
  let row = 0u;
  let example = position / 6u;
  let tile = quad / 3u;
  let channelBlock = tile;
  let group = 0u;
  let column = columnBlock;
  let channel = channelBlock * 3u;
  let own0 = group * 150u + (min(channel + min(place, 2u), 4u)) * 30u;

  var sum0_0 = vec3f(0.0);
  for (var i = 0u; i < 2u; i++) {
    let plane = (example + group) * 2u + i;
    for (var ky = 0u; ky < 1u; ky++) {
      let wantedRow = row + ky;
      let sourceStart = (plane * 1u + wantedRow) * 40u;
      let taps = i * 15u + ky * 15u;
      for (var kx = 0u; kx < 15u; kx++) {
        let shared0 = weight[own0 + taps + kx];
        let weight0_0 = vec3f(quadBroadcast(shared0, 0u), quadBroadcast(shared0, 1u), quadBroadcast(shared0, 2u));
        let at0 = column * 5u + kx - 2u;
        let source0 = select(0.0, source[sourceStart + min(at0, 39u)], at0 < 40u);
        sum0_0 = fma(weight0_0, vec3f(source0), sum0_0);
      }
    }
  }
  if (isLive && wantedPosition == position) {
    let firstChannel = (example + group) * 5u + channel;
    let outRow0 = firstChannel + row;
    store_out(outRow0, column, sum0_0.x);
    if (channel + 1u < 5u) {
      let outRow1 = firstChannel + 1u + row;
      store_out(outRow1, column, sum0_0.y);
    }
    if (channel + 2u < 5u) {
      let outRow2 = firstChannel + 2u + row;
      store_out(outRow2, column, sum0_0.z);
    }
  }
}
