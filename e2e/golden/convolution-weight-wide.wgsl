// out[s, o, i, ky, kx] = Σ over part s of n, y, x of dout[n, o, y, x] · source[n, i, y · 1 + ky · 1 - 0, x · 5 + kx · 1 - 2], in 1 parts

@group(0) @binding(0) var<storage, read> source: array<f32, 160>;
@group(0) @binding(1) var<storage, read> dout: array<f32, 60>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 150>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let tapBlock = lane % 2u;
  let ky = 0u;
  let inBlock = lane / 2u % 2u;
  let channelBlock = lane / 4u;
  let group = 0u;
  let split = 0u;
  let kx = tapBlock * 8u;
  let inChannel = inBlock;
  let channel = channelBlock * 3u;
  let in0 = inChannel;
  let channel0 = channel;
  let channel1 = min(channel + 1u, 4u);
  let channel2 = min(channel + 2u, 4u);
  var sum0_0 = vec3f(0.0);
  var sum0_1 = vec3f(0.0);
  var sum0_2 = vec3f(0.0);
  var sum0_3 = vec3f(0.0);
  var sum0_4 = vec3f(0.0);
  var sum0_5 = vec3f(0.0);
  var sum0_6 = vec3f(0.0);
  var sum0_7 = vec3f(0.0);
  // Units are blocks of columns; what a unit is follows from the one before, without a division.
  let first = split * 2u;
  let last = min(first + 2u, 2u);
  var column = 0u;
  var row = first % 1u;
  var example = first / 1u;
  for (var unit = first; unit < last; unit++) {
    let douts0 = (((example + group) * 5u + channel0) * 1u + row) * 6u;
    let douts1 = (((example + group) * 5u + channel1) * 1u + row) * 6u;
    let douts2 = (((example + group) * 5u + channel2) * 1u + row) * 6u;
    let dout0 = vec3f(dout[douts0 + column], dout[douts1 + column], dout[douts2 + column]);
    let dout1 = vec3f(dout[douts0 + column + 1u], dout[douts1 + column + 1u], dout[douts2 + column + 1u]);
    let dout2 = vec3f(dout[douts0 + column + 2u], dout[douts1 + column + 2u], dout[douts2 + column + 2u]);
    let dout3 = vec3f(dout[douts0 + column + 3u], dout[douts1 + column + 3u], dout[douts2 + column + 3u]);
    let dout4 = vec3f(dout[douts0 + column + 4u], dout[douts1 + column + 4u], dout[douts2 + column + 4u]);
    let dout5 = vec3f(dout[douts0 + column + 5u], dout[douts1 + column + 5u], dout[douts2 + column + 5u]);
    let sourceRow = row + ky;
    if (sourceRow < 1u) {
      let begin = column * 5u + kx;
      let xColumn0 = min(begin - 2u, 39u);
      let xInside0 = begin - 2u < 40u;
      let xColumn1 = min(begin - 1u, 39u);
      let xInside1 = begin - 1u < 40u;
      let xColumn2 = min(begin, 39u);
      let xInside2 = begin < 40u;
      let xColumn3 = min(begin + 1u, 39u);
      let xInside3 = begin + 1u < 40u;
      let xColumn4 = min(begin + 2u, 39u);
      let xInside4 = begin + 2u < 40u;
      let xColumn5 = min(begin + 3u, 39u);
      let xInside5 = begin + 3u < 40u;
      let xColumn6 = min(begin + 4u, 39u);
      let xInside6 = begin + 4u < 40u;
      let xColumn7 = min(begin + 5u, 39u);
      let xInside7 = begin + 5u < 40u;
      let xColumn8 = min(begin + 6u, 39u);
      let xInside8 = begin + 6u < 40u;
      let xColumn9 = min(begin + 7u, 39u);
      let xInside9 = begin + 7u < 40u;
      let xColumn10 = min(begin + 8u, 39u);
      let xInside10 = begin + 8u < 40u;
      let xColumn11 = min(begin + 9u, 39u);
      let xInside11 = begin + 9u < 40u;
      let xColumn12 = min(begin + 10u, 39u);
      let xInside12 = begin + 10u < 40u;
      let xColumn13 = min(begin + 11u, 39u);
      let xInside13 = begin + 11u < 40u;
      let xColumn14 = min(begin + 12u, 39u);
      let xInside14 = begin + 12u < 40u;
      let xColumn15 = min(begin + 13u, 39u);
      let xInside15 = begin + 13u < 40u;
      let xColumn16 = min(begin + 14u, 39u);
      let xInside16 = begin + 14u < 40u;
      let xColumn17 = min(begin + 15u, 39u);
      let xInside17 = begin + 15u < 40u;
      let xColumn18 = min(begin + 16u, 39u);
      let xInside18 = begin + 16u < 40u;
      let xColumn19 = min(begin + 17u, 39u);
      let xInside19 = begin + 17u < 40u;
      let xColumn20 = min(begin + 18u, 39u);
      let xInside20 = begin + 18u < 40u;
      let xColumn21 = min(begin + 19u, 39u);
      let xInside21 = begin + 19u < 40u;
      let xColumn22 = min(begin + 20u, 39u);
      let xInside22 = begin + 20u < 40u;
      let xColumn23 = min(begin + 21u, 39u);
      let xInside23 = begin + 21u < 40u;
      let xColumn24 = min(begin + 22u, 39u);
      let xInside24 = begin + 22u < 40u;
      let xColumn25 = min(begin + 23u, 39u);
      let xInside25 = begin + 23u < 40u;
      let xColumn26 = min(begin + 24u, 39u);
      let xInside26 = begin + 24u < 40u;
      let xColumn27 = min(begin + 25u, 39u);
      let xInside27 = begin + 25u < 40u;
      let xColumn28 = min(begin + 26u, 39u);
      let xInside28 = begin + 26u < 40u;
      let xColumn29 = min(begin + 27u, 39u);
      let xInside29 = begin + 27u < 40u;
      let xColumn30 = min(begin + 28u, 39u);
      let xInside30 = begin + 28u < 40u;
      let xColumn31 = min(begin + 29u, 39u);
      let xInside31 = begin + 29u < 40u;
      let xColumn32 = min(begin + 30u, 39u);
      let xInside32 = begin + 30u < 40u;
      let from0 = ((example + group) * 2u + in0) * 40u + sourceRow * 40u;
      let x0_0 = select(0.0, source[from0 + xColumn0], xInside0);
      let x0_1 = select(0.0, source[from0 + xColumn1], xInside1);
      let x0_2 = select(0.0, source[from0 + xColumn2], xInside2);
      let x0_3 = select(0.0, source[from0 + xColumn3], xInside3);
      let x0_4 = select(0.0, source[from0 + xColumn4], xInside4);
      let x0_5 = select(0.0, source[from0 + xColumn5], xInside5);
      let x0_6 = select(0.0, source[from0 + xColumn6], xInside6);
      let x0_7 = select(0.0, source[from0 + xColumn7], xInside7);
      let x0_8 = select(0.0, source[from0 + xColumn8], xInside8);
      let x0_9 = select(0.0, source[from0 + xColumn9], xInside9);
      let x0_10 = select(0.0, source[from0 + xColumn10], xInside10);
      let x0_11 = select(0.0, source[from0 + xColumn11], xInside11);
      let x0_12 = select(0.0, source[from0 + xColumn12], xInside12);
      let x0_13 = select(0.0, source[from0 + xColumn13], xInside13);
      let x0_14 = select(0.0, source[from0 + xColumn14], xInside14);
      let x0_15 = select(0.0, source[from0 + xColumn15], xInside15);
      let x0_16 = select(0.0, source[from0 + xColumn16], xInside16);
      let x0_17 = select(0.0, source[from0 + xColumn17], xInside17);
      let x0_18 = select(0.0, source[from0 + xColumn18], xInside18);
      let x0_19 = select(0.0, source[from0 + xColumn19], xInside19);
      let x0_20 = select(0.0, source[from0 + xColumn20], xInside20);
      let x0_21 = select(0.0, source[from0 + xColumn21], xInside21);
      let x0_22 = select(0.0, source[from0 + xColumn22], xInside22);
      let x0_23 = select(0.0, source[from0 + xColumn23], xInside23);
      let x0_24 = select(0.0, source[from0 + xColumn24], xInside24);
      let x0_25 = select(0.0, source[from0 + xColumn25], xInside25);
      let x0_26 = select(0.0, source[from0 + xColumn26], xInside26);
      let x0_27 = select(0.0, source[from0 + xColumn27], xInside27);
      let x0_28 = select(0.0, source[from0 + xColumn28], xInside28);
      let x0_29 = select(0.0, source[from0 + xColumn29], xInside29);
      let x0_30 = select(0.0, source[from0 + xColumn30], xInside30);
      let x0_31 = select(0.0, source[from0 + xColumn31], xInside31);
      let x0_32 = select(0.0, source[from0 + xColumn32], xInside32);
      sum0_0 += dout0 * x0_0;
      sum0_1 += dout0 * x0_1;
      sum0_2 += dout0 * x0_2;
      sum0_3 += dout0 * x0_3;
      sum0_4 += dout0 * x0_4;
      sum0_5 += dout0 * x0_5;
      sum0_6 += dout0 * x0_6;
      sum0_7 += dout0 * x0_7;
      sum0_0 += dout1 * x0_5;
      sum0_1 += dout1 * x0_6;
      sum0_2 += dout1 * x0_7;
      sum0_3 += dout1 * x0_8;
      sum0_4 += dout1 * x0_9;
      sum0_5 += dout1 * x0_10;
      sum0_6 += dout1 * x0_11;
      sum0_7 += dout1 * x0_12;
      sum0_0 += dout2 * x0_10;
      sum0_1 += dout2 * x0_11;
      sum0_2 += dout2 * x0_12;
      sum0_3 += dout2 * x0_13;
      sum0_4 += dout2 * x0_14;
      sum0_5 += dout2 * x0_15;
      sum0_6 += dout2 * x0_16;
      sum0_7 += dout2 * x0_17;
      sum0_0 += dout3 * x0_15;
      sum0_1 += dout3 * x0_16;
      sum0_2 += dout3 * x0_17;
      sum0_3 += dout3 * x0_18;
      sum0_4 += dout3 * x0_19;
      sum0_5 += dout3 * x0_20;
      sum0_6 += dout3 * x0_21;
      sum0_7 += dout3 * x0_22;
      sum0_0 += dout4 * x0_20;
      sum0_1 += dout4 * x0_21;
      sum0_2 += dout4 * x0_22;
      sum0_3 += dout4 * x0_23;
      sum0_4 += dout4 * x0_24;
      sum0_5 += dout4 * x0_25;
      sum0_6 += dout4 * x0_26;
      sum0_7 += dout4 * x0_27;
      sum0_0 += dout5 * x0_25;
      sum0_1 += dout5 * x0_26;
      sum0_2 += dout5 * x0_27;
      sum0_3 += dout5 * x0_28;
      sum0_4 += dout5 * x0_29;
      sum0_5 += dout5 * x0_30;
      sum0_6 += dout5 * x0_31;
      sum0_7 += dout5 * x0_32;
    }
    column += 6u;
    if (column >= 6u) {
      column = 0u;
      row++;
      if (row == 1u) {
        row = 0u;
        example++;
      }
    }
  }
  let row0 = ((split * 5u + group * 5u + channel0) * 2u + inChannel) * 1u + ky;
  out[row0 * 15u + kx] = sum0_0.x;
  if (kx + 1u < 15u) {
    out[row0 * 15u + kx + 1u] = sum0_1.x;
  }
  if (kx + 2u < 15u) {
    out[row0 * 15u + kx + 2u] = sum0_2.x;
  }
  if (kx + 3u < 15u) {
    out[row0 * 15u + kx + 3u] = sum0_3.x;
  }
  if (kx + 4u < 15u) {
    out[row0 * 15u + kx + 4u] = sum0_4.x;
  }
  if (kx + 5u < 15u) {
    out[row0 * 15u + kx + 5u] = sum0_5.x;
  }
  if (kx + 6u < 15u) {
    out[row0 * 15u + kx + 6u] = sum0_6.x;
  }
  if (kx + 7u < 15u) {
    out[row0 * 15u + kx + 7u] = sum0_7.x;
  }
  if (channel + 1u < 5u) {
    let row1 = ((split * 5u + group * 5u + channel1) * 2u + inChannel) * 1u + ky;
    out[row1 * 15u + kx] = sum0_0.y;
    if (kx + 1u < 15u) {
      out[row1 * 15u + kx + 1u] = sum0_1.y;
    }
    if (kx + 2u < 15u) {
      out[row1 * 15u + kx + 2u] = sum0_2.y;
    }
    if (kx + 3u < 15u) {
      out[row1 * 15u + kx + 3u] = sum0_3.y;
    }
    if (kx + 4u < 15u) {
      out[row1 * 15u + kx + 4u] = sum0_4.y;
    }
    if (kx + 5u < 15u) {
      out[row1 * 15u + kx + 5u] = sum0_5.y;
    }
    if (kx + 6u < 15u) {
      out[row1 * 15u + kx + 6u] = sum0_6.y;
    }
    if (kx + 7u < 15u) {
      out[row1 * 15u + kx + 7u] = sum0_7.y;
    }
  }
  if (channel + 2u < 5u) {
    let row2 = ((split * 5u + group * 5u + channel2) * 2u + inChannel) * 1u + ky;
    out[row2 * 15u + kx] = sum0_0.z;
    if (kx + 1u < 15u) {
      out[row2 * 15u + kx + 1u] = sum0_1.z;
    }
    if (kx + 2u < 15u) {
      out[row2 * 15u + kx + 2u] = sum0_2.z;
    }
    if (kx + 3u < 15u) {
      out[row2 * 15u + kx + 3u] = sum0_3.z;
    }
    if (kx + 4u < 15u) {
      out[row2 * 15u + kx + 4u] = sum0_4.z;
    }
    if (kx + 5u < 15u) {
      out[row2 * 15u + kx + 5u] = sum0_5.z;
    }
    if (kx + 6u < 15u) {
      out[row2 * 15u + kx + 6u] = sum0_6.z;
    }
    if (kx + 7u < 15u) {
      out[row2 * 15u + kx + 7u] = sum0_7.z;
    }
  }
}
