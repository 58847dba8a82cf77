// weights = e^(z - max z) / Σ e^(z - max z) over each row, z = scale · scores + mask

@group(0) @binding(0) var<storage, read> scores: array<f32, 1950>;
@group(0) @binding(1) var<storage, read> mask: array<f32, 1950>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32, 1950>;

alias Value = f32;

fn load_mask(row: u32, column: u32) -> Value {
  return Value(mask[row * 5u + column]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 390u) {
    return;
  }
  let start = lane * 5u;
  let end = min(lane % 130u + 1u, 5u);
  var largest = -1e30f;
  for (var s = 0u; s < end; s++) {
    let given = load_mask(lane, s);
    let score = select(scores[start + s] * 0.5f + given, -1e30f, given <= -1e30f);
    weights[start + s] = score;
    largest = max(largest, score);
  }
  var total = 0.0;
  for (var s = 0u; s < end; s++) {
    let score = weights[start + s];
    let weight = select(exp(score - largest), 0.0, score <= -1e30f);
    weights[start + s] = weight;
    total += weight;
  }
  let inverse = select(0.0, 1.0 / total, total > 0.0);
  for (var s = 0u; s < end; s++) {
    weights[start + s] *= inverse;
  }
  for (var s = end; s < 5u; s++) {
    weights[start + s] = 0.0;
  }
}
