// out[outer, i, inner] = Σ over j ≥ i of x[outer, j, inner], i < 600

@group(0) @binding(0) var<storage, read> x: array<f32, 3600>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 3600>;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let start = (min(group, 5u) / 3u) * 1800u + min(group, 5u) % 3u;
  let first = lane * 10u;
  let end = min(first + 10u, 600u);
  var sum = 0.0;
  for (var i = first; i < end; i++) {
    sum += x[start + ((599u - i)) * 3u];
  }
  sums[lane] = sum;
  workgroupBarrier();
  var total = 0.0;
  for (var other = 0u; other < lane; other++) {
    total += sums[other];
  }
  if (group < 6u) {
    for (var i = first; i < end; i++) {
      let place = start + ((599u - i)) * 3u;
      total += x[place];
      out[place] = total;
    }
  }
}
