// v = α·v + (1 - α)·g²; a = α·a + (1 - α)·g; d = g / (√(v - a²) + eps); buffer = momentum · buffer + d; w -= lr · buffer

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
@group(0) @binding(4) var<storage, read_write> gradAvg: array<vec4f, 64>;
@group(0) @binding(5) var<storage, read_write> momentumBuffer: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  let weight = parameters[lane];
  let gradient = gradients[lane];
  let square = 0.99f * squareAvg[lane] + 0.010000000000000009f * (gradient * gradient);
  squareAvg[lane] = square;
  let average = 0.99f * gradAvg[lane] + 0.010000000000000009f * gradient;
  gradAvg[lane] = average;
  // Rounding may leave the variance of a gradient that never changes below 0.
  let variance = square - average * average;
  let scaled = gradient / (sqrt(max(variance, vec4f(0.0))) + 1e-8f);
  let direction = 0.9f * momentumBuffer[lane] + scaled;
  momentumBuffer[lane] = direction;
  parameters[lane] = weight - step.scalars.x * direction;
}
