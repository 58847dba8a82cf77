// out[outer, inner] = Σ over i < 600 of x[outer, i, inner]

@group(0) @binding(0) var<storage, read> x: array<f32, 9000>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 15>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 15u) {
    return;
  }
  let start = (lane / 5u) * 3000u + lane % 5u;
  var total = 0.0;
  for (var first = 0u; first < 600u; first += 256u) {
    var partial = 0.0;
    let end = min(first + 256u, 600u);
    for (var i = first; i < end; i++) {
      partial += x[start + i * 5u];
    }
    total += partial;
  }
  out[lane] = total;
}
