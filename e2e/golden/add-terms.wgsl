// counters[k] += Σ terms[row][k]

@group(0) @binding(0) var<storage, read> terms: array<vec2f, 300>;
@group(0) @binding(1) var<storage, read_write> counters: array<f32, 2>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 2u) {
    return;
  }
  var total = 0.0;
  for (var first = 0u; first < 300u; first += 256u) {
    var part = 0.0;
    let end = min(first + 256u, 300u);
    for (var row = first; row < end; row++) {
      part += terms[row][lane];
    }
    total += part;
  }
  counters[lane] += total;
}
