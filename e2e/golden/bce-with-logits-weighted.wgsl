// rowLoss = Σ loss, dx = 0.2 · slope
// p = posWeight
// loss = weights[at % 3u] * ((1 - t) · softplus(x) + p · t · softplus(-x))
// slope = weights[at % 3u] * ((1 - t) · sigmoid(x) - p · t · sigmoid(-x))

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 15>;
@group(0) @binding(2) var<storage, read_write> rowLoss: array<f32, 5>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32, 15>;

const weights = array<f32, 3>(1.0f, 0.5f, 2.0f);

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 5u) {
    return;
  }
  let start = lane * 3u;
  var total = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let at = start + i;
    let x = x[at];
    let t = expected[at];
    let positive = 3.0f * t;
    let e = exp(-abs(x));
    let tail = log(1.0 + e);
    let loss = weights[at % 3u] * ((1.0 - t) * (max(x, 0.0) + tail) + positive * (max(-x, 0.0) + tail));
    let near = 1.0 / (1.0 + e);
    let far = e * near;
    let slope = weights[at % 3u] * ((1.0 - t) * select(far, near, x >= 0.0) - positive * select(near, far, x >= 0.0));
    total += loss;
    dx[at] = 0.2f * slope;
  }
  rowLoss[lane] = total;
}
