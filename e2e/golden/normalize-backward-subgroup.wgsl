// dx = rstd · (g - mean of g - y · mean of g · y), g = dout · weight, y = (x - mean) · rstd; dweight = Σ dout · y; dbias = Σ dout
enable subgroups;

@group(0) @binding(0) var<storage, read> dout: array<f32, 240>;
@group(0) @binding(1) var<storage, read> x: array<f32, 240>;
@group(0) @binding(2) var<storage, read> weight: array<f32, 8>;
@group(0) @binding(3) var<storage, read> mean: array<f32, 8>;
@group(0) @binding(4) var<storage, read> rstd: array<f32, 8>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32, 240>;
@group(0) @binding(6) var<storage, read_write> dweight: array<f32, 8>;
@group(0) @binding(7) var<storage, read_write> dbias: array<f32, 8>;

var<workgroup> sumLanes: array<f32, 64>;
var<workgroup> productLanes: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  let own = min(group, 7u);
  let center = mean[own];
  let scale = rstd[own];
  var sum = 0.0;
  var product = 0.0;
  for (var j = lane; j < 30u; j += 64u) {
    let at = (j / 10u * 8u + own) * 10u + j % 10u;
    let gradient = dout[at];
    sum += gradient;
    product += gradient * ((x[at] - center) * scale);
  }
  sumLanes[lane] = sum;
  sum = 0.0;
  productLanes[lane] = product;
  product = 0.0;
  workgroupBarrier();
  for (var k = rank; k < 64u; k += members) {
    sum += sumLanes[k];
    product += productLanes[k];
  }
  sum = subgroupAdd(sum);
  product = subgroupAdd(product);
  let level = sum / 30.0f;
  let slope = product / 30.0f;
  if (lane == 0u && group < 8u) {
    dweight[own] = product;
    dbias[own] = sum;
  }
  let factor = scale * weight[own];
  if (group < 8u) {
    for (var j = lane; j < 30u; j += 64u) {
      let at = (j / 10u * 8u + own) * 10u + j % 10u;
      dx[at] = factor * (dout[at] - level - (x[at] - center) * scale * slope);
    }
  }
}
