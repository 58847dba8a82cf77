// rowLoss = Σ (x - t)²; dx = 0.4 · (x - t)

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
  var total = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let difference = x[start + i] - expected[start + i];
    total += difference * difference;
    dx[start + i] = 0.4f * difference;
  }
  rowLoss[lane] = total;
}
