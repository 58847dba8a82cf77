// out[lane] = the sum of 8 chains of a = a · 0.5 + 0.5, each 8 long

@group(0) @binding(0) var<storage, read_write> out: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  let start = vec4f(1.0, 1.25, 1.5, 1.75) + f32(lane % 64u);
  let half = vec4f(0.5);
  var a0 = start + 0.0;
  var a1 = start + 1.0;
  var a2 = start + 2.0;
  var a3 = start + 3.0;
  var a4 = start + 4.0;
  var a5 = start + 5.0;
  var a6 = start + 6.0;
  var a7 = start + 7.0;
  for (var round = 0u; round < 8u; round++) {
    a0 = a0 * half + half;
    a1 = a1 * half + half;
    a2 = a2 * half + half;
    a3 = a3 * half + half;
    a4 = a4 * half + half;
    a5 = a5 * half + half;
    a6 = a6 * half + half;
    a7 = a7 * half + half;
  }
  let total = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7;
  out[lane] = (total.x + total.y) + (total.z + total.w);
}
