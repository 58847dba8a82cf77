// m = β1·m + (1 - β1)·g; u = max(β2·u, |g| + eps); w -= lr / (1 - β1^t) · m / u

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
@group(0) @binding(4) var<storage, read_write> expInf: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  let weight = parameters[lane];
  let gradient = gradients[lane];
  let first = 0.9f * expAvg[lane] + 0.09999999999999998f * gradient;
  let largest = max(0.999f * expInf[lane], abs(gradient) + 1e-8f);
  expAvg[lane] = first;
  expInf[lane] = largest;
  parameters[lane] = weight - step.scalars.x * first / largest;
}
