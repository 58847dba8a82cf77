// dweight = Σ dout · y, y = (x - mean) · rstd; dbias = Σ dout
enable subgroups;

@group(0) @binding(0) var<storage, read> dout: array<f32, 240>;
@group(0) @binding(1) var<storage, read> x: array<f32, 240>;
@group(0) @binding(2) var<storage, read> mean: array<f32, 8>;
@group(0) @binding(3) var<storage, read> rstd: array<f32, 8>;
@group(0) @binding(4) var<storage, read_write> dweight: array<f32, 8>;
@group(0) @binding(5) var<storage, read_write> dbias: array<f32, 8>;

var<workgroup> weightSums: array<f32, 256>;
var<workgroup> biasSums: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  let channel = group * 1u + lane % 1u;
  let column = min(channel, 7u);
  var weightSum = 0.0;
  var biasSum = 0.0;
  for (var i = lane / 1u; i < 30u; i += 256u) {
    let at = (i / 10u * 8u + column) * 10u + i % 10u;
    let own = at / 10u % 8u;
    weightSum += dout[at] * ((x[at] - mean[own]) * rstd[own]);
    biasSum += dout[at];
  }
  weightSums[lane] = weightSum;
  biasSums[lane] = biasSum;
  workgroupBarrier();
  for (var place = 0u; place < 1u; place++) {
    weightSum = 0.0;
    biasSum = 0.0;
    for (var slice = rank; slice < 256u; slice += members) {
      weightSum += weightSums[slice * 1u + place];
      biasSum += biasSums[slice * 1u + place];
    }
    weightSum = subgroupAdd(weightSum);
    biasSum = subgroupAdd(biasSum);
    if (lane == place && channel < 8u) {
      dweight[channel] = weightSum;
      dbias[channel] = biasSum;
    }
  }
}
