// dtarget = 0.18000000000000002 · w · upstream · (log Σ e^x - x)

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> upstream: array<f32, 1>;
@group(0) @binding(2) var<storage, read_write> dtarget: array<f32, 15>;

const classWeights = array<f32, 3>(1.0f, 0.5f, 2.0f);

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
    total += exp(x[start + i] - largest);
  }
  let logTotal = log(total);
  let factor = 0.18000000000000002f * upstream[0];
  for (var i = 0u; i < 3u; i++) {
    dtarget[start + i] = classWeights[i] * factor * (logTotal + (largest - x[start + i]));
  }
}
