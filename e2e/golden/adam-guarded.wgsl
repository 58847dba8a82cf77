// m = β1·m + (1 - β1)·g; v = β2·v + (1 - β2)·g²; w -= lr / (1 - β1^t) · m / (√v / √(1 - β2^t) + eps); g clipped

struct Step {
  number: u32,
  cursor: u32,
  scalars: vec4f,
  moreScalars: vec4f,
}

@group(0) @binding(0) var<uniform> step: Step;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f, 64>;
@group(0) @binding(2) var<storage, read> squaredNorm: array<f32, 1>;
@group(0) @binding(3) var<storage, read> lossScale: array<f32, 4>;
@group(0) @binding(4) var<storage, read_write> parameters: array<vec4f, 64>;
@group(0) @binding(5) var<storage, read_write> expAvg: array<vec4f, 64>;
@group(0) @binding(6) var<storage, read_write> expAvgSq: array<vec4f, 64>;

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
  if (lossScale[3] == 0.0) {
    return;
  }
  let weight = parameters[lane];
  let gradient = clipped(gradients[lane]);
  let first = 0.9f * expAvg[lane] + 0.09999999999999998f * gradient;
  let second = 0.999f * expAvgSq[lane] + 0.0010000000000000009f * (gradient * gradient);
  expAvg[lane] = first;
  expAvgSq[lane] = second;
  // The root is taken of what is certainly not negative, and eps keeps the divisor away from 0.
  let scale = sqrt(max(second, vec4f(0.0))) * step.scalars.y + 1e-8f;
  parameters[lane] = weight - step.scalars.x * first / scale;
}
