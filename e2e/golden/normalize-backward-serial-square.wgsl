// dx = rstd · (g - y · mean of g · y), g = dout · weight, y = x · rstd

@group(0) @binding(0) var<storage, read> dout: array<f32, 240>;
@group(0) @binding(1) var<storage, read> x: array<f32, 240>;
@group(0) @binding(2) var<storage, read> weight: array<f32, 10>;
@group(0) @binding(3) var<storage, read> rstd: array<f32, 24>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32, 240>;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 24u) {
    return;
  }
  let own = lane;
  let scale = rstd[own];
  var product = 0.0;
  for (var i = 0u; i < 10u; i++) {
    let at = own * 10u + i;
    product += dout[at] * weight[i] * (x[at] * scale);
  }
  let slope = product / 10.0f;
  let factor = scale;
  for (var i = 0u; i < 10u; i++) {
    let at = own * 10u + i;
    dx[at] = factor * (dout[at] * weight[i] - x[at] * scale * slope);
  }
}
