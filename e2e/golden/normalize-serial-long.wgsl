// out = (x - mean) · rstd · weight; rstd = 1/√(mean of (x - mean)² + eps)

@group(0) @binding(0) var<storage, read> x: array<vec4f, 1800>;
@group(0) @binding(1) var<storage, read> weight: array<vec4f, 75>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f, 1800>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32, 24>;
@group(0) @binding(4) var<storage, read_write> rstd: array<f32, 24>;

alias Value = vec4f;

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 8u) + invocation.x;
  if (lane >= 24u) {
    return;
  }
  let own = lane;
  var total = 0.0;
  var totalPart = Value(0.0);
  for (var i = 0u; i < 75u; i++) {
    let at = own * 75u + i;
    totalPart += x[at];
  }
  total += (totalPart.x + totalPart.y) + (totalPart.z + totalPart.w);
  let center = total / 300.0f;
  var squares = 0.0;
  var squaresPart = Value(0.0);
  for (var i = 0u; i < 75u; i++) {
    let at = own * 75u + i;
    let difference = x[at] - center;
    squaresPart += difference * difference;
  }
  squares += (squaresPart.x + squaresPart.y) + (squaresPart.z + squaresPart.w);
  let scale = inverseSqrt(squares / 300.0f + 0.00001f);
  mean[own] = center;
  rstd[own] = scale;
  for (var i = 0u; i < 75u; i++) {
    let at = own * 75u + i;
    out[at] = (x[at] - center) * scale * weight[i];
  }
}
