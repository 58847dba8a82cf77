// out = 0.00005 · Σ x² over 600 elements

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
  var partial = 0.0;
  for (var i = lane; i < 600u; i += 256u) {
    partial += x[i] * x[i];
  }
  partials[lane] = partial;
  workgroupBarrier();
  if (lane < 128u) {
    partials[lane] += partials[lane + 128u];
  }
  workgroupBarrier();
  if (lane < 64u) {
    partials[lane] += partials[lane + 64u];
  }
  workgroupBarrier();
  if (lane < 32u) {
    partials[lane] += partials[lane + 32u];
  }
  workgroupBarrier();
  if (lane < 16u) {
    partials[lane] += partials[lane + 16u];
  }
  workgroupBarrier();
  if (lane < 8u) {
    partials[lane] += partials[lane + 8u];
  }
  workgroupBarrier();
  if (lane < 4u) {
    partials[lane] += partials[lane + 4u];
  }
  workgroupBarrier();
  if (lane < 2u) {
    partials[lane] += partials[lane + 2u];
  }
  workgroupBarrier();
  if (lane < 1u) {
    partials[lane] += partials[lane + 1u];
  }
  if (lane == 0u && group == 0u) {
    out[0] = partials[0] * 0.00005f;
  }
}
