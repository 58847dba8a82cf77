// squaredNorm = Σ partials; lossScale = [scale, goodSteps, skippedSteps, isGood] after a step with this norm

@group(0) @binding(0) var<storage, read> partials: array<f32, 100>;
@group(0) @binding(1) var<storage, read_write> squaredNorm: array<f32, 1>;
@group(0) @binding(2) var<storage, read_write> lossScale: array<f32, 4>;

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  var sum = 0.0;
  for (var i = lane; i < 100u; i += 64u) {
    sum += partials[i];
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane == 0u && group == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) {
      total += sums[i];
    }
    squaredNorm[0] = total;
    // By its bits: WGSL may take it for granted that there are neither NaN nor infinity.
    if ((bitcast<u32>(total) & 0x7f800000u) == 0x7f800000u) {
      lossScale[0] = max(lossScale[0] * 0.5f, 5.421010862427522e-20f);
      lossScale[1] = 0.0;
      lossScale[2] += 1.0;
      lossScale[3] = 0.0;
    } else {
      let goodSteps = lossScale[1] + 1.0;
      let grows = goodSteps >= 2000.0f;
      lossScale[0] = select(lossScale[0], min(lossScale[0] * 2.0f, 18446744073709552000.0f), grows);
      lossScale[1] = select(goodSteps, 0.0, grows);
      lossScale[3] = 1.0;
    }
  }
}
