// report = [step number, value0, value1, …]

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> value0: array<f32, 1>;
@group(0) @binding(2) var<storage, read> value1: array<f32, 2>;
@group(0) @binding(3) var<storage, read_write> report: array<u32, 4>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 1u) {
    return;
  }
  report[0] = step.number;
  report[1] = bitcast<u32>(value0[0]);
  report[2] = bitcast<u32>(value1[0]);
  report[3] = bitcast<u32>(value1[1]);
}
