// out = e^(x - max) / Σ e^(x - max) over each row

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 15>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 5u) {
    return;
  }
  let start = lane * 3u;
  var largest = x[start];
  for (var i = 1u; i < 3u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let weight = exp(x[start + i] - largest);
    out[start + i] = weight;
    total += weight;
  }
  let scale = 1.0 / total;
  for (var i = 0u; i < 3u; i++) {
    out[start + i] *= scale;
  }
}
