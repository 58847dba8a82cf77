// dz = weights · (dweights - Σ weights · dweights) over each row

@group(0) @binding(0) var<storage, read> weights: array<f32, 1950>;
@group(0) @binding(1) var<storage, read> dweights: array<f32, 1950>;
@group(0) @binding(2) var<storage, read_write> dz: array<f32, 1950>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 390u) {
    return;
  }
  let start = lane * 5u;
  var inner = 0.0;
  for (var s = 0u; s < 5u; s++) {
    inner += weights[start + s] * dweights[start + s];
  }
  for (var s = 0u; s < 5u; s++) {
    dz[start + s] = weights[start + s] * (dweights[start + s] - inner);
  }
}
