// v = ρ·v + (1 - ρ)·g²; d = √(a + eps) / √(v + eps) · g; a = ρ·a + (1 - ρ)·d²; w -= lr · d

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f, 64>;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f, 64>;
@group(0) @binding(3) var<storage, read_write> squareAvg: array<vec4f, 64>;
@group(0) @binding(4) var<storage, read_write> accDelta: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  let weight = parameters[lane];
  let gradient = gradients[lane];
  let square = 0.9f * squareAvg[lane] + 0.09999999999999998f * (gradient * gradient);
  squareAvg[lane] = square;
  let steps = accDelta[lane];
  let delta = sqrt(max(steps, vec4f(0.0)) + 0.000001f) / sqrt(max(square, vec4f(0.0)) + 0.000001f) * gradient;
  accDelta[lane] = 0.9f * steps + 0.09999999999999998f * (delta * delta);
  parameters[lane] = weight - step.scalars.x * delta;
}
