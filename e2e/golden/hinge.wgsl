// rowLoss = Σ loss, dx = 0.2 · slope
// loss = max(0, 1 - t · x); slope = -t where that is > 0, else 0

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
    let missing = 1.0f - t * x;
    // Selects, not max: NaN stays NaN.
    let loss = select(missing, 0.0, missing <= 0.0);
    let slope = select(select(missing, -t, missing > 0.0), 0.0, missing <= 0.0);
    total += loss;
    dx[at] = 0.2f * slope;
  }
  rowLoss[lane] = total;
}
