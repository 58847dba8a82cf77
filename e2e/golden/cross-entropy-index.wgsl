// goal = w[t] · [i = t]
// rowLoss = scale · Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> expected: array<u32, 5>;
@group(0) @binding(2) var<storage, read_write> rowLoss: array<f32, 5>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32, 15>;

alias Value = f32;

struct Row {
  largest: Value,
  // Σ e^(x - largest) of the elements so far.
  total: Value,
}

fn withValue(row: Row, value: Value) -> Row {
  let smaller = exp(-abs(value - row.largest));
  let isLarger = value > row.largest;
  return Row(select(row.largest, value, isLarger), select(row.total + smaller, row.total * smaller + 1.0, isLarger));
}

// The NaN that tells of a label that is no class, which no constant may be.
var<private> quietNan: u32 = 0x7fc00000u;

fn labelOf(row: u32) -> u32 {
  return expected[row];
}

// The bound keeps a wrong label inside its row.
fn weightOf(label: u32) -> f32 {
  return select(1.0, 0.0, label == 4294967196u);
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
  var massOfAll = 0.0;
  for (var row = 0u; row < 5u; row++) {
    massOfAll += weightOf(labelOf(row));
  }
  let scale = select(1.0f / massOfAll, 0.0, massOfAll == 0.0);
  var row = Row(Value(-0x1.fffffep+127), Value(0.0));
  for (var i = 0u; i < 3u; i++) {
    row = withValue(row, x[start + i]);
  }
  let largest = row.largest;
  let total = row.total;
  let logTotal = log(total);
  rowLoss[lane] = scale * weight * (logTotal + (largest - x[start + label]));
  let factor = weight * scale / total;
  for (var i = 0u; i < 3u; i++) {
    dx[start + i] = exp(x[start + i] - largest) * factor - select(Value(0.0), Value(weight * scale), i == label);
  }
}
