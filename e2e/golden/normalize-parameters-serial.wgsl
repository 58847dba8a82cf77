// dweight = Σ dout · y, y = (x - mean) · rstd; dbias = Σ dout

@group(0) @binding(0) var<storage, read> dout: array<f32, 240>;
@group(0) @binding(1) var<storage, read> x: array<f32, 240>;
@group(0) @binding(2) var<storage, read> mean: array<f32, 24>;
@group(0) @binding(3) var<storage, read> rstd: array<f32, 24>;
@group(0) @binding(4) var<storage, read_write> dweight: array<f32, 10>;
@group(0) @binding(5) var<storage, read_write> dbias: array<f32, 10>;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 10u) {
    return;
  }
  var weightTotal = 0.0;
  var biasTotal = 0.0;
  for (var first = 0u; first < 24u; first += 256u) {
    var weightSum = 0.0;
    var biasSum = 0.0;
    let end = min(first + 256u, 24u);
    for (var i = first; i < end; i++) {
      let at = i * 10u + lane;
      let own = at / 10u;
      weightSum += dout[at] * ((x[at] - mean[own]) * rstd[own]);
      biasSum += dout[at];
    }
    weightTotal += weightSum;
    biasTotal += biasSum;
  }
  dweight[lane] = weightTotal;
  dbias[lane] = biasTotal;
}
