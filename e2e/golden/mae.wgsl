// rowLoss = Σ loss, dx = 0.2 · slope
// loss = |x - t|; slope = sign(x - t)

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
    let at = start + i;
    let x = x[at];
    let t = expected[at];
    let error = x - t;
    let loss = abs(error);
    // Not sign, which may make a number of NaN.
    let slope = select(select(error, -1.0, error < 0.0), 1.0, error > 0.0);
    total += loss;
    dx[at] = 0.2f * slope;
  }
  rowLoss[lane] = total;
}
