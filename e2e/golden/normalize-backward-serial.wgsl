// dx = rstd · (g - mean of g - y · mean of g · y), g = dout · weight, y = (x - mean) · rstd

@group(0) @binding(0) var<storage, read> dout: array<f32, 240>;
@group(0) @binding(1) var<storage, read> x: array<f32, 240>;
@group(0) @binding(2) var<storage, read> weight: array<f32, 8>;
@group(0) @binding(3) var<storage, read> mean: array<f32, 12>;
@group(0) @binding(4) var<storage, read> rstd: array<f32, 12>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32, 240>;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 12u) {
    return;
  }
  let own = lane;
  let center = mean[own];
  let scale = rstd[own];
  var sum = 0.0;
  var product = 0.0;
  for (var i = 0u; i < 20u; i++) {
    let at = own * 20u + i;
    let gradient = dout[at] * weight[at / 10u % 8u];
    sum += gradient;
    product += gradient * ((x[at] - center) * scale);
  }
  let level = sum / 20.0f;
  let slope = product / 20.0f;
  let factor = scale;
  for (var i = 0u; i < 20u; i++) {
    let at = own * 20u + i;
    dx[at] = factor * (dout[at] * weight[at / 10u % 8u] - level - (x[at] - center) * scale * slope);
  }
}
