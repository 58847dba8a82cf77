// w -= lr · weightDecay · w; w -= lr · sign(β1·m + (1 - β1)·g); m = β2·m + (1 - β2)·g

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f, 64>;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f, 64>;
@group(0) @binding(3) var<storage, read_write> expAvg: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  let stored = parameters[lane];
  let weight = stored - step.scalars.x * 0.1f * stored;
  let gradient = gradients[lane];
  let average = expAvg[lane];
  let mixed = 0.9f * average + 0.09999999999999998f * gradient;
  expAvg[lane] = 0.99f * average + 0.010000000000000009f * gradient;
  parameters[lane] = weight - step.scalars.x * sign(mixed);
}
