// inputs[row] = allInputs[order[cursor + row + 8] - 64] where that is one of 36 examples; targets likewise

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> order: array<u32, 100>;
@group(0) @binding(2) var<storage, read> allInputs: array<u32, 252>;
@group(0) @binding(3) var<storage, read> allTargets: array<f32, 108>;
@group(0) @binding(4) var<storage, read_write> inputs: array<u32, 56>;
@group(0) @binding(5) var<storage, read_write> targets: array<f32, 24>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 80u) {
    return;
  }
  if (lane < 56u) {
    let place = order[min(step.cursor + lane / 7u + 8u, 99u)] - 64u;
    if (place < 36u) {
      inputs[lane] = allInputs[place * 7u + lane % 7u];
    }
  } else {
    let element = lane - 56u;
    let place = order[min(step.cursor + element / 3u + 8u, 99u)] - 64u;
    if (place < 36u) {
      targets[element] = allTargets[place * 3u + element % 3u];
    }
  }
}
