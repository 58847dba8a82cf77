// out = 0.00005 · Σ x² over 600 elements
enable subgroups;

@group(0) @binding(0) var<storage, read> x: array<f32, 600>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 1>;

var<workgroup> partials: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  var partial = 0.0;
  for (var i = lane; i < 600u; i += 256u) {
    partial += x[i] * x[i];
  }
  partials[lane] = partial;
  workgroupBarrier();
  var total = 0.0;
  for (var other = rank; other < 256u; other += members) {
    total += partials[other];
  }
  total = subgroupAdd(total);
  if (lane == 0u && group == 0u) {
    out[0] = total * 0.00005f;
  }
}
