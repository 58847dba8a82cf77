// dx = rstd · (g - mean of g - y · mean of g · y), g = dout · weight, y = (x - mean) · rstd

@group(0) @binding(0) var<storage, read> dout: array<vec4f, 72>;
@group(0) @binding(1) var<storage, read> x: array<vec4f, 72>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f, 3>;
@group(0) @binding(3) var<storage, read> mean: array<f32, 24>;
@group(0) @binding(4) var<storage, read> rstd: array<f32, 24>;
@group(0) @binding(5) var<storage, read_write> dx: array<vec4f, 72>;

alias Value = vec4f;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 24u) {
    return;
  }
  let own = lane;
  let center = mean[own];
  let scale = rstd[own];
  var sum = 0.0;
  var product = 0.0;
  var sumPart = Value(0.0);
  var productPart = Value(0.0);
  for (var i = 0u; i < 3u; i++) {
    let at = own * 3u + i;
    let gradient = dout[at] * weight[i];
    sumPart += gradient;
    productPart += gradient * ((x[at] - center) * scale);
  }
  sum += (sumPart.x + sumPart.y) + (sumPart.z + sumPart.w);
  product += (productPart.x + productPart.y) + (productPart.z + productPart.w);
  let level = sum / 12.0f;
  let slope = product / 12.0f;
  let factor = scale;
  for (var i = 0u; i < 3u; i++) {
    let at = own * 3u + i;
    dx[at] = factor * (dout[at] * weight[i] - level - (x[at] - center) * scale * slope);
  }
}
