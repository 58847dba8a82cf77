// dx[i] = Σ over the places that show x[i] of dout, x [3, 5]

@group(0) @binding(0) var<storage, read> dout: array<f32, 33>;
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
  for (var image1 = 0u; image1 < 3u; image1++) {
    let p1 = select(select(10u - i1, 2u - i1, image1 == 1u), 2u + i1, image1 == 0u);
    let isBefore1 = (i1 > 0u) && (i1 <= 2u);
    let isAfter1 = (i1 + 1u < 5u) && (p1 < 11u);
    if (image1 > 0u && !select(isAfter1, isBefore1, image1 == 1u)) {
      continue;
    }
    sum += dout[i0 * 11u + p1];
  }
  dx[lane] = sum;
}
