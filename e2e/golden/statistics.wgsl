// per chunk: Σ g², Σ w², Σ (w - before)², non-finite g, non-finite w

@group(0) @binding(0) var<storage, read> gradients: array<f32, 256>;
@group(0) @binding(1) var<storage, read> parameters: array<f32, 256>;
@group(0) @binding(2) var<storage, read> before: array<f32, 256>;
@group(0) @binding(3) var<storage, read_write> out: array<f32, 20>;

fn isNotFinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 4u) {
    return;
  }
  let end = min((lane + 1u) * 64u, 256u);
  var squares = vec3f(0.0);
  var counts = vec2f(0.0);
  for (var i = lane * 64u; i < end; i++) {
    let gradient = gradients[i];
    let weight = parameters[i];
    let update = weight - before[i];
    squares += vec3f(gradient * gradient, weight * weight, update * update);
    counts += select(vec2f(0.0), vec2f(1.0), vec2<bool>(isNotFinite(gradient), isNotFinite(weight)));
  }
  let start = lane * 5u;
  out[start] = squares.x;
  out[start + 1u] = squares.y;
  out[start + 2u] = squares.z;
  out[start + 3u] = counts.x;
  out[start + 4u] = counts.y;
}
