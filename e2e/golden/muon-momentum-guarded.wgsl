// buffer = momentum · buffer + (1 - momentum) · g; direction = (1 - momentum) · g + momentum · buffer

@group(0) @binding(0) var<storage, read> gradients: array<vec4f, 64>;
@group(0) @binding(1) var<storage, read> lossScale: array<f32, 4>;
@group(0) @binding(2) var<storage, read_write> momentumBuffer: array<vec4f, 64>;
@group(0) @binding(3) var<storage, read_write> direction: array<vec4f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 64u) {
    return;
  }
  if (lossScale[3] == 0.0) {
    return;
  }
  let gradient = gradients[lane];
  let buffer = 0.95f * momentumBuffer[lane] + 0.050000000000000044f * gradient;
  momentumBuffer[lane] = buffer;
  direction[lane] = 0.050000000000000044f * gradient + 0.95f * buffer;
}
