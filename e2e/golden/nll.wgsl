// rowLoss = -scale · w[t] · x[t]; dx = -scale · w[t] · [i = t]

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> expected: array<u32, 5>;
@group(0) @binding(2) var<storage, read_write> rowLoss: array<f32, 5>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32, 15>;

alias Value = f32;

const classWeights = array<f32, 3>(1.0f, 0.5f, 2.0f);

// The NaN that tells of a label that is no class, which no constant may be.
var<private> quietNan: u32 = 0x7fc00000u;

fn labelOf(row: u32) -> u32 {
  return expected[row];
}

// The bound keeps a wrong label inside its row.
fn weightOf(label: u32) -> f32 {
  return select(classWeights[min(label, 2u)], 0.0, label == 4294967196u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 5u) {
    return;
  }
  let start = lane * 3u;
  let label = labelOf(lane);
  let weight = weightOf(label);
  let isLeftOut = label == 4294967196u;
  if (isLeftOut || label >= 3u) {
    let outside = select(bitcast<f32>(quietNan), 0.0, isLeftOut);
    rowLoss[lane] = outside;
    for (var i = 0u; i < 3u; i++) {
      dx[start + i] = Value(outside);
    }
    return;
  }
  let scale = 1.0f;
  rowLoss[lane] = -scale * weight * x[start + label];
  for (var i = 0u; i < 3u; i++) {
    dx[start + i] = select(Value(0.0), Value(-scale * weight), i == label);
  }
}
