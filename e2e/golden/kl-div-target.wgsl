// dtarget = 0.2 · upstream · slope
// slope = log(t) + 1 - x where t > 0, else 0

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 15>;
@group(0) @binding(2) var<storage, read> upstream: array<f32, 1>;
@group(0) @binding(3) var<storage, read_write> dtarget: array<f32, 15>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 15u) {
    return;
  }
  let at = lane;
  let x = x[at];
  let t = expected[at];
  let isImpossible = t <= 0.0;
  let slope = select(log(select(t, 1.0, isImpossible)) + 1.0 - x, 0.0, isImpossible);
  dtarget[at] = 0.2f * upstream[0] * slope;
}
