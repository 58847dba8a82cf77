// sums[column] = (pivot, += Σ (t - pivot), += Σ (t - pivot)², += Σ (x - t)², += Σ |x - t|)

@group(0) @binding(0) var<storage, read> x: array<f32, 24>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 24>;
@group(0) @binding(2) var<storage, read_write> counters: array<f32, 15>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 3u) {
    return;
  }
  let place = lane * 5u;
  let pivot = counters[place];
  var sums = vec4f();
  for (var row = 0u; row < 8u; row++) {
    let t = expected[row * 3u + lane];
    let error = x[row * 3u + lane] - t;
    let away = t - pivot;
    sums += vec4f(away, away * away, error * error, abs(error));
  }
  counters[place + 1u] += sums.x;
  counters[place + 2u] += sums.y;
  counters[place + 3u] += sums.z;
  counters[place + 4u] += sums.w;
}
