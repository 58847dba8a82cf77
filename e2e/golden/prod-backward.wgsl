// dx[i] = dout · Π over j ≠ i of x[j], 15 terms each

@group(0) @binding(0) var<storage, read> x: array<f32, 60>;
@group(0) @binding(1) var<storage, read> dout: array<f32, 4>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32, 60>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 4u) {
    return;
  }
  let start = lane * 5u;
  var before = dout[lane];
  for (var i = 0u; i < 15u; i++) {
    let place = start + i % 5u + (i / 5u) * 20u;
    dx[place] = before;
    before *= x[place];
  }
  var behind = 1.0;
  for (var i = 15u; i > 0u; i--) {
    let place = start + (i - 1u) % 5u + ((i - 1u) / 5u) * 20u;
    dx[place] *= behind;
    behind *= x[place];
  }
}
