// out = (x - mean) · rstd · weight + bias; rstd = 1/√(mean of (x - mean)² + eps)
enable subgroups;

@group(0) @binding(0) var<storage, read> x: array<f32, 240>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 8>;
@group(0) @binding(2) var<storage, read> bias: array<f32, 8>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 240>;
@group(0) @binding(4) var<storage, read_write> mean: array<f32, 12>;
@group(0) @binding(5) var<storage, read_write> rstd: array<f32, 12>;

var<workgroup> totalLanes: array<f32, 64>;
var<workgroup> squaresLanes: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  let own = min(group, 11u);
  var total = 0.0;
  for (var j = lane; j < 20u; j += 64u) {
    let at = own * 20u + j;
    total += x[at];
  }
  totalLanes[lane] = total;
  total = 0.0;
  workgroupBarrier();
  for (var k = rank; k < 64u; k += members) {
    total += totalLanes[k];
  }
  total = subgroupAdd(total);
  let center = total / 20.0f;
  var squares = 0.0;
  for (var j = lane; j < 20u; j += 64u) {
    let at = own * 20u + j;
    let difference = x[at] - center;
    squares += difference * difference;
  }
  squaresLanes[lane] = squares;
  squares = 0.0;
  workgroupBarrier();
  for (var k = rank; k < 64u; k += members) {
    squares += squaresLanes[k];
  }
  squares = subgroupAdd(squares);
  let scale = inverseSqrt(squares / 20.0f + 0.00001f);
  if (lane == 0u && group < 12u) {
    mean[own] = center;
    rstd[own] = scale;
  }
  if (group < 12u) {
    for (var j = lane; j < 20u; j += 64u) {
      let at = own * 20u + j;
      out[at] = (x[at] - center) * scale * weight[at / 10u % 8u] + bias[at / 10u % 8u];
    }
  }
}
