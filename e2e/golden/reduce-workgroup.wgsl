// out[outer, inner] = 0.125 · Σ over i < 600 of x[outer, i, inner]

@group(0) @binding(0) var<storage, read> x: array<f32, 9000>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 15>;

var<workgroup> partials: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let output = min(group, 14u);
  let start = (output / 5u) * 3000u + output % 5u;
  var partial = 0.0;
  for (var i = lane; i < 600u; i += 64u) {
    partial += x[start + i * 5u];
  }
  partials[lane] = partial;
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
  if (lane == 0u && group < 15u) {
    out[group] = partials[0] * 0.125f;
  }
}
