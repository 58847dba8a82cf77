// goal = t
// rowLoss = Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)

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
  for (var i = 0u; i < 3u; i++) {
    let power = exp(x[start + i] - largest);
    dx[start + i] = power;
    total += power;
  }
  let logTotal = log(total);
  var mass = 0.0;
  var loss = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let goal = expected[start + i];
    mass += goal;
    loss += goal * (logTotal + (largest - x[start + i]));
  }
  let factor = 0.2f * mass / total;
  for (var i = 0u; i < 3u; i++) {
    dx[start + i] = dx[start + i] * factor - 0.2f * expected[start + i];
  }
  rowLoss[lane] = loss;
}
