// out = 0.9 · running + 0.1 · Σ (x - mean of x)² / (size - 1) in each group
enable subgroups;

@group(0) @binding(0) var<storage, read> x: array<f32, 240>;
@group(0) @binding(1) var<storage, read> running: array<f32, 8>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 8>;

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
  let own = min(group, 7u);
  var total = 0.0;
  for (var j = lane; j < 30u; j += 64u) {
    let at = (j / 10u * 8u + own) * 10u + j % 10u;
    total += x[at];
  }
  totalLanes[lane] = total;
  total = 0.0;
  workgroupBarrier();
  for (var k = rank; k < 64u; k += members) {
    total += totalLanes[k];
  }
  total = subgroupAdd(total);
  let center = total / 30.0f;
  var squares = 0.0;
  for (var j = lane; j < 30u; j += 64u) {
    let at = (j / 10u * 8u + own) * 10u + j % 10u;
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
  let found = squares / 29.0f;
  if (lane == 0u && group < 8u) {
    out[own] = running[own] * 0.9f + found * 0.1f;
  }
}
