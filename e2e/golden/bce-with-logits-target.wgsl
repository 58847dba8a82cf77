// dtarget = 0.2 · upstream · slope
// slope = -x

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> upstream: array<f32, 1>;
@group(0) @binding(2) var<storage, read_write> dtarget: array<f32, 15>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 15u) {
    return;
  }
  let at = lane;
  let x = x[at];
  let slope = -x;
  dtarget[at] = 0.2f * upstream[0] * slope;
}
