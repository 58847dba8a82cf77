// out = (x - mean) · rstd · weight; rstd = 1/√(mean of (x - mean)² + eps)

@group(0) @binding(0) var<storage, read> x: array<f32, 7200>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 300>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 7200>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32, 24>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32, 24>;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 24u) {
    return;
  }
  let own = lane;
  var total = 0.0;
  for (var first = 0u; first < 300u; first += 256u) {
    var totalPart = 0.0;
    let end = min(first + 256u, 300u);
    for (var i = first; i < end; i++) {
      let at = own * 300u + i;
      totalPart += x[at];
    }
    total += totalPart;
  }
  let center = total / 300.0f;
  var squares = 0.0;
  for (var first = 0u; first < 300u; first += 256u) {
    var squaresPart = 0.0;
    let end = min(first + 256u, 300u);
    for (var i = first; i < end; i++) {
      let at = own * 300u + i;
      let difference = x[at] - center;
      squaresPart += difference * difference;
    }
    squares += squaresPart;
  }
  let scale = inverseSqrt(squares / 300.0f + 0.00001f);
  mean[own] = center;
  rstd[own] = scale;
  for (var i = 0u; i < 300u; i++) {
    let at = own * 300u + i;
    out[at] = (x[at] - center) * scale * weight[i];
  }
}
