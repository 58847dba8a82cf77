// out[s, o, i, ky, kx] = Σ over part s of n, y, x of dout[n, o, y, x] · source[n, i, y · 1 + ky · 1 - 1, x · 1 + kx · 1 - 1], in 1 parts
// biasSums[s, o] = Σ over part s of dout[n, o, y, x]
enable f16;

@group(0) @binding(0) var<storage, read> source: array<f16, 120>;
@group(0) @binding(1) var<storage, read> dout: array<f16, 180>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 54>;
@group(0) @binding(3) var<storage, read_write> biasSums: array<f32, 3>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 3u) {
    return;
  }
  let tapBlock = 0u;
  let ky = lane;
  let inBlock = 0u;
  let channelBlock = 0u;
  let group = 0u;
  let split = 0u;
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
  let first = split * 10u;
  let last = min(first + 10u, 10u);
  var column = 0u;
  var row = first % 5u;
  var example = first / 5u;
  for (var unit = first; unit < last; unit++) {
    let douts0 = (((example + group) * 3u + channel0) * 5u + row) * 6u;
    let douts1 = (((example + group) * 3u + channel1) * 5u + row) * 6u;
    let douts2 = (((example + group) * 3u + channel2) * 5u + row) * 6u;
    let dout0 = vec3f(f32(dout[douts0 + column]), f32(dout[douts1 + column]), f32(dout[douts2 + column]));
    let dout1 = vec3f(f32(dout[douts0 + column + 1u]), f32(dout[douts1 + column + 1u]), f32(dout[douts2 + column + 1u]));
    let dout2 = vec3f(f32(dout[douts0 + column + 2u]), f32(dout[douts1 + column + 2u]), f32(dout[douts2 + column + 2u]));
    let dout3 = vec3f(f32(dout[douts0 + column + 3u]), f32(dout[douts1 + column + 3u]), f32(dout[douts2 + column + 3u]));
    let dout4 = vec3f(f32(dout[douts0 + column + 4u]), f32(dout[douts1 + column + 4u]), f32(dout[douts2 + column + 4u]));
    let dout5 = vec3f(f32(dout[douts0 + column + 5u]), f32(dout[douts1 + column + 5u]), f32(dout[douts2 + column + 5u]));
    total += dout0 + dout1 + dout2 + dout3 + dout4 + dout5;
    let sourceRow = row + ky - 1u;
    if (sourceRow < 5u) {
      let begin = column;
      let xColumn0 = min(begin - 1u, 5u);
      let xInside0 = begin - 1u < 6u;
      let xColumn1 = begin;
      let xColumn2 = begin + 1u;
      let xColumn3 = begin + 2u;
      let xColumn4 = begin + 3u;
      let xColumn5 = begin + 4u;
      let xColumn6 = begin + 5u;
      let xColumn7 = min(begin + 6u, 5u);
      let xInside7 = begin + 6u < 6u;
      let from0 = ((example + group) * 2u + in0) * 30u + sourceRow * 6u;
      let x0_0 = select(0.0, f32(source[from0 + xColumn0]), xInside0);
      let x0_1 = f32(source[from0 + xColumn1]);
      let x0_2 = f32(source[from0 + xColumn2]);
      let x0_3 = f32(source[from0 + xColumn3]);
      let x0_4 = f32(source[from0 + xColumn4]);
      let x0_5 = f32(source[from0 + xColumn5]);
      let x0_6 = f32(source[from0 + xColumn6]);
      let x0_7 = select(0.0, f32(source[from0 + xColumn7]), xInside7);
      sum0_0 += dout0 * x0_0;
      sum0_1 += dout0 * x0_1;
      sum0_2 += dout0 * x0_2;
      sum0_0 += dout1 * x0_1;
      sum0_1 += dout1 * x0_2;
      sum0_2 += dout1 * x0_3;
      sum0_0 += dout2 * x0_2;
      sum0_1 += dout2 * x0_3;
      sum0_2 += dout2 * x0_4;
      sum0_0 += dout3 * x0_3;
      sum0_1 += dout3 * x0_4;
      sum0_2 += dout3 * x0_5;
      sum0_0 += dout4 * x0_4;
      sum0_1 += dout4 * x0_5;
      sum0_2 += dout4 * x0_6;
      sum0_0 += dout5 * x0_5;
      sum0_1 += dout5 * x0_6;
      sum0_2 += dout5 * x0_7;
      let from1 = ((example + group) * 2u + in1) * 30u + sourceRow * 6u;
      let x1_0 = select(0.0, f32(source[from1 + xColumn0]), xInside0);
      let x1_1 = f32(source[from1 + xColumn1]);
      let x1_2 = f32(source[from1 + xColumn2]);
      let x1_3 = f32(source[from1 + xColumn3]);
      let x1_4 = f32(source[from1 + xColumn4]);
      let x1_5 = f32(source[from1 + xColumn5]);
      let x1_6 = f32(source[from1 + xColumn6]);
      let x1_7 = select(0.0, f32(source[from1 + xColumn7]), xInside7);
      sum1_0 += dout0 * x1_0;
      sum1_1 += dout0 * x1_1;
      sum1_2 += dout0 * x1_2;
      sum1_0 += dout1 * x1_1;
      sum1_1 += dout1 * x1_2;
      sum1_2 += dout1 * x1_3;
      sum1_0 += dout2 * x1_2;
      sum1_1 += dout2 * x1_3;
      sum1_2 += dout2 * x1_4;
      sum1_0 += dout3 * x1_3;
      sum1_1 += dout3 * x1_4;
      sum1_2 += dout3 * x1_5;
      sum1_0 += dout4 * x1_4;
      sum1_1 += dout4 * x1_5;
      sum1_2 += dout4 * x1_6;
      sum1_0 += dout5 * x1_5;
      sum1_1 += dout5 * x1_6;
      sum1_2 += dout5 * x1_7;
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
  let row0 = ((split * 3u + group * 3u + channel0) * 2u + inChannel) * 3u + ky;
  out[row0 * 3u + kx] = sum0_0.x;
  out[row0 * 3u + kx + 1u] = sum0_1.x;
  out[row0 * 3u + kx + 2u] = sum0_2.x;
  out[(row0 + 3u) * 3u + kx] = sum1_0.x;
  out[(row0 + 3u) * 3u + kx + 1u] = sum1_1.x;
  out[(row0 + 3u) * 3u + kx + 2u] = sum1_2.x;
  let row1 = ((split * 3u + group * 3u + channel1) * 2u + inChannel) * 3u + ky;
  out[row1 * 3u + kx] = sum0_0.y;
  out[row1 * 3u + kx + 1u] = sum0_1.y;
  out[row1 * 3u + kx + 2u] = sum0_2.y;
  out[(row1 + 3u) * 3u + kx] = sum1_0.y;
  out[(row1 + 3u) * 3u + kx + 1u] = sum1_1.y;
  out[(row1 + 3u) * 3u + kx + 2u] = sum1_2.y;
  let row2 = ((split * 3u + group * 3u + channel2) * 2u + inChannel) * 3u + ky;
  out[row2 * 3u + kx] = sum0_0.z;
  out[row2 * 3u + kx + 1u] = sum0_1.z;
  out[row2 * 3u + kx + 2u] = sum0_2.z;
  out[(row2 + 3u) * 3u + kx] = sum1_0.z;
  out[(row2 + 3u) * 3u + kx + 1u] = sum1_1.z;
  out[(row2 + 3u) * 3u + kx + 2u] = sum1_2.z;
  if (inBlock + ky + tapBlock == 0u) {
    let sums = split * 3u + group * 3u + channel;
    biasSums[sums] = total.x;
    biasSums[sums + 1u] = total.y;
    biasSums[sums + 2u] = total.z;
  }
}
