// dweight = Σ dout · y, y = (x - mean) · rstd; dbias = Σ dout

@group(0) @binding(0) var<storage, read> dout: array<f32, 240>;
@group(0) @binding(1) var<storage, read> x: array<f32, 240>;
@group(0) @binding(2) var<storage, read> mean: array<f32, 24>;
@group(0) @binding(3) var<storage, read> rstd: array<f32, 24>;
@group(0) @binding(4) var<storage, read_write> dweight: array<f32, 10>;
@group(0) @binding(5) var<storage, read_write> dbias: array<f32, 10>;

var<workgroup> weightSums: array<f32, 256>;
var<workgroup> biasSums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let channel = group * 8u + lane % 8u;
  let column = min(channel, 9u);
  var weightSum = 0.0;
  var biasSum = 0.0;
  for (var i = lane / 8u; i < 24u; i += 32u) {
    let at = i * 10u + column;
    let own = at / 10u;
    weightSum += dout[at] * ((x[at] - mean[own]) * rstd[own]);
    biasSum += dout[at];
  }
  weightSums[lane] = weightSum;
  biasSums[lane] = biasSum;
  workgroupBarrier();
  if (lane < 8u && channel < 10u) {
    weightSum = 0.0;
    biasSum = 0.0;
    for (var slice = 0u; slice < 32u; slice++) {
      weightSum += weightSums[slice * 8u + lane];
      biasSum += biasSums[slice * 8u + lane];
    }
    dweight[channel] = weightSum;
    dbias[channel] = biasSum;
  }
}
