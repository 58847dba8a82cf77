// g = dw + weightDecay · w; buffer = momentum · buffer + g; w -= lr · buffer (Nesterov: g + momentum · buffer); g clipped

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f, 64>;
@group(0) @binding(2) var<storage, read> squaredNorm: array<f32, 1>;
@group(0) @binding(3) var<storage, read_write> parameters: array<vec4f, 64>;

fn clipped(gradient: vec4f) -> vec4f {
  let factor = 1.0f / (sqrt(squaredNorm[0]) + 0.000001f);
  return gradient * select(factor, 1.0, factor >= 1.0);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  let weight = parameters[lane];
  let gradient = clipped(gradients[lane]);
  let direction = gradient;
  parameters[lane] = weight - step.scalars.x * direction;
}
