// dweight = Σ dout · y, y = (x - mean) · 1/√(variance + eps)

@group(0) @binding(0) var<storage, read> dout: array<f32, 240>;
@group(0) @binding(1) var<storage, read> x: array<f32, 240>;
@group(0) @binding(2) var<storage, read> mean: array<f32, 8>;
@group(0) @binding(3) var<storage, read> variance: array<f32, 8>;
@group(0) @binding(4) var<storage, read_write> dweight: array<f32, 8>;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  var weightTotal = 0.0;
  for (var first = 0u; first < 30u; first += 256u) {
    var weightSum = 0.0;
    let end = min(first + 256u, 30u);
    for (var i = first; i < end; i++) {
      let at = (i / 10u * 8u + lane) * 10u + i % 10u;
      let own = at / 10u % 8u;
      weightSum += dout[at] * ((x[at] - mean[own]) * inverseSqrt(variance[own] + 0.00001f));
    }
    weightTotal += weightSum;
  }
  dweight[lane] = weightTotal;
}
