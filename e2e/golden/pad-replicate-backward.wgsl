// dx[i] = Σ over the places that show x[i] of dout, x [3, 5]

@group(0) @binding(0) var<storage, read> dout: array<f32, 44>;
@group(0) @binding(1) var<storage, read_write> dx: array<f32, 15>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 15u) {
    return;
  }
  var rest = lane;
  let i1 = rest % 5u;
  rest = rest / 5u;
  let i0 = rest;
  var sum = 0.0;
  for (var p0 = select(i0 + 1u, 0u, i0 == 0u); p0 <= i0 + 1u + select(0u, 0u, i0 == 2u); p0++) {
    for (var p1 = select(i1 + 2u, 0u, i1 == 0u); p1 <= i1 + 2u + select(0u, 4u, i1 == 4u); p1++) {
      sum += dout[p0 * 11u + p1];
    }
  }
  dx[lane] = sum;
}
