// v = α·v + (1 - α)·g²; d = g / (√v + eps); w -= lr · d

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
  let variance = square;
  let scaled = gradient / (sqrt(max(variance, vec4f(0.0))) + 1e-8f);
  let direction = scaled;
  parameters[lane] = weight - step.scalars.x * direction;
}
