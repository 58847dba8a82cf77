// inputs[row] = allInputs[order[cursor + row]]; targets likewise

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> order: array<u32, 100>;
@group(0) @binding(2) var<storage, read> allInputs: array<vec4u, 400>;
@group(0) @binding(3) var<storage, read> allTargets: array<u32, 1600>;
@group(0) @binding(4) var<storage, read_write> inputs: array<vec4u, 32>;
@group(0) @binding(5) var<storage, read_write> targets: array<u32, 128>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 160u) {
    return;
  }
  if (lane < 32u) {
    let example = min(order[min(step.cursor + lane / 4u, 99u)], 99u);
    inputs[lane] = allInputs[example * 4u + lane % 4u];
  } else {
    let element = lane - 32u;
    let example = min(order[min(step.cursor + element / 16u, 99u)], 99u);
    targets[element] = allTargets[example * 16u + element % 16u];
  }
}
