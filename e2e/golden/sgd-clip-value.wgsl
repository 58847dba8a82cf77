// g = dw + weightDecay · w; buffer = momentum · buffer + g; w -= lr · buffer (Nesterov: g + momentum · buffer); g clipped

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f, 64>;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f, 64>;

fn clipped(gradient: vec4f) -> vec4f {
  return select(gradient, clamp(gradient, vec4f(-0.5f), vec4f(0.5f)), abs(gradient) > vec4f(0.5f));
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
