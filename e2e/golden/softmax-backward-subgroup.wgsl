// dx = y · (dout - Σ dout · y) over each row
enable subgroups;

@group(0) @binding(0) var<storage, read> dout: array<f32, 3000>;
@group(0) @binding(1) var<storage, read> y: array<f32, 3000>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32, 3000>;

var<workgroup> partials: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  let start = (min(group, 4u)) * 600u;
  var partial = 0.0;
  for (var i = lane; i < 600u; i += 64u) {
    partial += dout[start + i] * y[start + i];
  }
  partials[lane] = partial;
  workgroupBarrier();
  var inner = 0.0;
  for (var other = rank; other < 64u; other += members) {
    inner += partials[other];
  }
  inner = subgroupAdd(inner);
  if (group < 5u) {
    for (var i = lane; i < 600u; i += 64u) {
      let place = start + i;
      dx[place] = y[place] * (dout[place] - inner);
    }
  }
}
