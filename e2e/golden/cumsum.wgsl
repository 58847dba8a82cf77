// out[outer, i, inner] = Σ over j ≤ i of x[outer, j, inner], i < 5

@group(0) @binding(0) var<storage, read> x: array<f32, 30>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 30>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 6u) {
    return;
  }
  let start = (lane / 3u) * 15u + lane % 3u;
  var total = 0.0;
  for (var i = 0u; i < 5u; i++) {
    let place = start + i * 3u;
    total += x[place];
    out[place] = total;
  }
}
