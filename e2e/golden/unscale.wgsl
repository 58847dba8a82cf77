// gradients /= scale; partials[lane] = Σ over i of gradients[4 (lane + lanes · i) …+3]²

@group(0) @binding(0) var<storage, read> lossScale: array<f32, 4>;
@group(0) @binding(1) var<storage, read_write> gradients: array<vec4f, 64>;
@group(0) @binding(2) var<storage, read_write> partials: array<f32, 2>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 2u) {
    return;
  }
  let factor = 1.0 / lossScale[0];
  var total = vec4f(0.0);
  for (var i = lane; i < 64u; i += 2u) {
    let gradient = gradients[i] * factor;
    gradients[i] = gradient;
    total += gradient * gradient;
  }
  partials[lane] = (total.x + total.y) + (total.z + total.w);
}
