// dinitialHidden = Σ dgates · W of the first step, dinitialCell = dc · f; [3, 8]

@group(0) @binding(0) var<storage, read> dx: array<f32, 480>;
@group(0) @binding(1) var<storage, read> weight: array<f32, 256>;
@group(0) @binding(2) var<storage, read> gates: array<f32, 480>;
@group(0) @binding(3) var<storage, read> dstate: array<f32, 120>;
@group(0) @binding(4) var<storage, read_write> dinitialHidden: array<f32, 24>;
@group(0) @binding(5) var<storage, read_write> dinitialCell: array<f32, 24>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 24u) {
    return;
  }
  let row = lane / 8u;
  let unit = lane % 8u;
  let first = row * 5u + 0u;
  var dh = 0.0;
  for (var r = 0u; r < 32u; r++) {
    dh += dx[first * 32u + r] * weight[r * 8u + unit];
  }
  dinitialHidden[lane] = dh;
  dinitialCell[lane] = dstate[first * 8u + unit] * gates[first * 32u + 8u + unit];
}
