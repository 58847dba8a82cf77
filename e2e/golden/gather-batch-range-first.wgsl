// inputs[row] = allInputs[order[cursor + row] - 0] where that is one of 64 examples; targets likewise

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> order: array<u32, 100>;
@group(0) @binding(2) var<storage, read> allInputs: array<vec4f, 192>;
@group(0) @binding(3) var<storage, read> allTargets: array<u32, 64>;
@group(0) @binding(4) var<storage, read_write> inputs: array<vec4f, 24>;
@group(0) @binding(5) var<storage, read_write> targets: array<u32, 8>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 32u) {
    return;
  }
  if (lane < 24u) {
    let place = order[min(step.cursor + lane / 3u, 99u)];
    if (place < 64u) {
      inputs[lane] = allInputs[place * 3u + lane % 3u];
    }
  } else {
    let element = lane - 24u;
    let place = order[min(step.cursor + element / 1u, 99u)];
    if (place < 64u) {
      targets[element] = allTargets[place * 1u + element % 1u];
    }
  }
}
