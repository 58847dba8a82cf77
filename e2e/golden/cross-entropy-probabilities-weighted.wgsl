// goal = w · (0.9 · t + 0.1 / 3)
// rowLoss = Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 15>;
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

const classWeights = array<Value, 3>(1.0f, 0.5f, 2.0f);

fn goalOf(t: Value, i: u32) -> Value {
  return classWeights[i] * (0.9f * t + 0.03333333333333333f);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 5u) {
    return;
  }
  let start = lane * 3u;
  var row = Row(Value(-0x1.fffffep+127), Value(0.0));
  for (var i = 0u; i < 3u; i++) {
    row = withValue(row, x[start + i]);
  }
  let largest = row.largest;
  let total = row.total;
  let logTotal = log(total);
  var mass = Value(0.0);
  var loss = Value(0.0);
  for (var i = 0u; i < 3u; i++) {
    let goal = goalOf(expected[start + i], i);
    mass += goal;
    loss += goal * (logTotal + (largest - x[start + i]));
  }
  let massOfRow = mass;
  let factor = 0.2f * massOfRow / total;
  for (var i = 0u; i < 3u; i++) {
    dx[start + i] = exp(x[start + i] - largest) * factor - 0.2f * goalOf(expected[start + i], i);
  }
  rowLoss[lane] = loss;
}
