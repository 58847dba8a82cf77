// out[s, o, i, ky, kx] = Σ over part s of n, y, x of dout[n, o, y, x] · source[n, i, y · 2 + ky · 1 - 1, x · 2 + kx · 1 - 1], in 2 parts
// biasSums[s, o] = Σ over part s of dout[n, o, y, x]

@group(0) @binding(0) var<storage, read> source: array<f32, 792>;
@group(0) @binding(1) var<storage, read> dout: array<f32, 360>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 216>;
@group(0) @binding(3) var<storage, read_write> biasSums: array<f32, 12>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 12u) {
    return;
  }
  let tapBlock = 0u;
  let ky = lane % 3u;
  let inBlock = 0u;
  let channelBlock = 0u;
  let group = lane / 3u % 2u;
  let split = lane / 6u;
  let kx = tapBlock * 3u;
  let inChannel = inBlock * 2u;
  let channel = channelBlock * 3u;
  let in0 = inChannel;
  let in1 = inChannel + 1u;
  let channel0 = channel;
  let channel1 = channel + 1u;
  let channel2 = channel + 2u;
  var sum0_0 = vec3f(0.0);
  var sum0_1 = vec3f(0.0);
  var sum0_2 = vec3f(0.0);
  var sum1_0 = vec3f(0.0);
  var sum1_1 = vec3f(0.0);
  var sum1_2 = vec3f(0.0);
  var total = vec3f(0.0);
  // Units are blocks of columns; what a unit is follows from the one before, without a division.
  let first = split * 5u;
  let last = min(first + 5u, 10u);
  var column = 0u;
  var row = first % 5u;
  var example = first / 5u;
  for (var unit = first; unit < last; unit++) {
    let douts0 = (((example * 2u + group) * 3u + channel0) * 5u + row) * 6u;
    let douts1 = (((example * 2u + group) * 3u + channel1) * 5u + row) * 6u;
    let douts2 = (((example * 2u + group) * 3u + channel2) * 5u + row) * 6u;
    let dout0 = vec3f(dout[douts0 + column], dout[douts1 + column], dout[douts2 + column]);
    let dout1 = vec3f(dout[douts0 + column + 1u], dout[douts1 + column + 1u], dout[douts2 + column + 1u]);
    let dout2 = vec3f(dout[douts0 + column + 2u], dout[douts1 + column + 2u], dout[douts2 + column + 2u]);
    let dout3 = vec3f(dout[douts0 + column + 3u], dout[douts1 + column + 3u], dout[douts2 + column + 3u]);
    let dout4 = vec3f(dout[douts0 + column + 4u], dout[douts1 + column + 4u], dout[douts2 + column + 4u]);
    let dout5 = vec3f(dout[douts0 + column + 5u], dout[douts1 + column + 5u], dout[douts2 + column + 5u]);
    total += dout0 + dout1 + dout2 + dout3 + dout4 + dout5;
    let sourceRow = row * 2u + ky - 1u;
    if (sourceRow < 9u) {
      let begin = column * 2u;
      let xColumn0 = min(begin - 1u, 10u);
      let xInside0 = begin - 1u < 11u;
      let xColumn1 = begin;
      let xColumn2 = begin + 1u;
      let xColumn3 = begin + 2u;
      let xColumn4 = begin + 3u;
      let xColumn5 = begin + 4u;
      let xColumn6 = begin + 5u;
      let xColumn7 = begin + 6u;
      let xColumn8 = begin + 7u;
      let xColumn9 = begin + 8u;
      let xColumn10 = begin + 9u;
      let xColumn11 = begin + 10u;
      let xColumn12 = min(begin + 11u, 10u);
      let xInside12 = begin + 11u < 11u;
      let from0 = ((example * 2u + group) * 2u + in0) * 99u + sourceRow * 11u;
      let x0_0 = select(0.0, source[from0 + xColumn0], xInside0);
      let x0_1 = source[from0 + xColumn1];
      let x0_2 = source[from0 + xColumn2];
      let x0_3 = source[from0 + xColumn3];
      let x0_4 = source[from0 + xColumn4];
      let x0_5 = source[from0 + xColumn5];
      let x0_6 = source[from0 + xColumn6];
      let x0_7 = source[from0 + xColumn7];
      let x0_8 = source[from0 + xColumn8];
      let x0_9 = source[from0 + xColumn9];
      let x0_10 = source[from0 + xColumn10];
      let x0_11 = source[from0 + xColumn11];
      let x0_12 = select(0.0, source[from0 + xColumn12], xInside12);
      sum0_0 += dout0 * x0_0;
      sum0_1 += dout0 * x0_1;
      sum0_2 += dout0 * x0_2;
      sum0_0 += dout1 * x0_2;
      sum0_1 += dout1 * x0_3;
      sum0_2 += dout1 * x0_4;
      sum0_0 += dout2 * x0_4;
      sum0_1 += dout2 * x0_5;
      sum0_2 += dout2 * x0_6;
      sum0_0 += dout3 * x0_6;
      sum0_1 += dout3 * x0_7;
      sum0_2 += dout3 * x0_8;
      sum0_0 += dout4 * x0_8;
      sum0_1 += dout4 * x0_9;
      sum0_2 += dout4 * x0_10;
      sum0_0 += dout5 * x0_10;
      sum0_1 += dout5 * x0_11;
      sum0_2 += dout5 * x0_12;
      let from1 = ((example * 2u + group) * 2u + in1) * 99u + sourceRow * 11u;
      let x1_0 = select(0.0, source[from1 + xColumn0], xInside0);
      let x1_1 = source[from1 + xColumn1];
      let x1_2 = source[from1 + xColumn2];
      let x1_3 = source[from1 + xColumn3];
      let x1_4 = source[from1 + xColumn4];
      let x1_5 = source[from1 + xColumn5];
      let x1_6 = source[from1 + xColumn6];
      let x1_7 = source[from1 + xColumn7];
      let x1_8 = source[from1 + xColumn8];
      let x1_9 = source[from1 + xColumn9];
      let x1_10 = source[from1 + xColumn10];
      let x1_11 = source[from1 + xColumn11];
      let x1_12 = select(0.0, source[from1 + xColumn12], xInside12);
      sum1_0 += dout0 * x1_0;
      sum1_1 += dout0 * x1_1;
      sum1_2 += dout0 * x1_2;
      sum1_0 += dout1 * x1_2;
      sum1_1 += dout1 * x1_3;
      sum1_2 += dout1 * x1_4;
      sum1_0 += dout2 * x1_4;
      sum1_1 += dout2 * x1_5;
      sum1_2 += dout2 * x1_6;
      sum1_0 += dout3 * x1_6;
      sum1_1 += dout3 * x1_7;
      sum1_2 += dout3 * x1_8;
      sum1_0 += dout4 * x1_8;
      sum1_1 += dout4 * x1_9;
      sum1_2 += dout4 * x1_10;
      sum1_0 += dout5 * x1_10;
      sum1_1 += dout5 * x1_11;
      sum1_2 += dout5 * x1_12;
    }
    column += 6u;
    if (column >= 6u) {
      column = 0u;
      row++;
      if (row == 5u) {
        row = 0u;
        example++;
      }
    }
  }
  let row0 = ((split * 6u + group * 3u + channel0) * 2u + inChannel) * 3u + ky;
  out[row0 * 3u + kx] = sum0_0.x;
  out[row0 * 3u + kx + 1u] = sum0_1.x;
  out[row0 * 3u + kx + 2u] = sum0_2.x;
  out[(row0 + 3u) * 3u + kx] = sum1_0.x;
  out[(row0 + 3u) * 3u + kx + 1u] = sum1_1.x;
  out[(row0 + 3u) * 3u + kx + 2u] = sum1_2.x;
  let row1 = ((split * 6u + group * 3u + channel1) * 2u + inChannel) * 3u + ky;
  out[row1 * 3u + kx] = sum0_0.y;
  out[row1 * 3u + kx + 1u] = sum0_1.y;
  out[row1 * 3u + kx + 2u] = sum0_2.y;
  out[(row1 + 3u) * 3u + kx] = sum1_0.y;
  out[(row1 + 3u) * 3u + kx + 1u] = sum1_1.y;
  out[(row1 + 3u) * 3u + kx + 2u] = sum1_2.y;
  let row2 = ((split * 6u + group * 3u + channel2) * 2u + inChannel) * 3u + ky;
  out[row2 * 3u + kx] = sum0_0.z;
  out[row2 * 3u + kx + 1u] = sum0_1.z;
  out[row2 * 3u + kx + 2u] = sum0_2.z;
  out[(row2 + 3u) * 3u + kx] = sum1_0.z;
  out[(row2 + 3u) * 3u + kx + 1u] = sum1_1.z;
  out[(row2 + 3u) * 3u + kx + 2u] = sum1_2.z;
  if (inBlock + ky + tapBlock == 0u) {
    let sums = split * 6u + group * 3u + channel;
    biasSums[sums] = total.x;
    biasSums[sums + 1u] = total.y;
    biasSums[sums + 2u] = total.z;
  }
}
