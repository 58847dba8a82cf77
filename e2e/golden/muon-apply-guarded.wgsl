// w -= lr · weightDecay · w; w -= lr · ratio · direction

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> direction: array<f32, 250>;
@group(0) @binding(2) var<storage, read> lossScale: array<f32, 4>;
@group(0) @binding(3) var<storage, read_write> parameters: array<f32, 256>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 250u) {
    return;
  }
  if (lossScale[3] == 0.0) {
    return;
  }
  let stored = parameters[lane];
  let weight = stored - step.scalars.x * 0.1f * stored;
  parameters[lane] = weight - step.scalars.x * 1.0f * direction[lane];
}
