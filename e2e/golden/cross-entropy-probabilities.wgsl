// rowLoss = Σ t · (log Σ e^x - x); dx = scale · (softmax(x) · Σ t - t)

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 15>;
@group(0) @binding(2) var<storage, read_write> rowLoss: array<f32, 5>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32, 15>;

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
  var mass = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let weight = exp(x[start + i] - largest);
    dx[start + i] = weight;
    total += weight;
    mass += expected[start + i];
  }
  let logTotal = log(total);
  let scale = 0.2f * mass / total;
  var loss = 0.0;
  for (var i = 0u; i < 3u; i++) {
    loss += expected[start + i] * (logTotal - (x[start + i] - largest));
    dx[start + i] = dx[start + i] * scale - 0.2f * expected[start + i];
  }
  rowLoss[lane] = loss;
}
