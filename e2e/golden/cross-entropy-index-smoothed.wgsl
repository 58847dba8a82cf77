// goal = 0.9 · w[t] · [i = t] + 0.1 · w / 3
// rowLoss = scale · Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)

@group(0) @binding(0) var<storage, read> x: array<f32, 600>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 200>;
@group(0) @binding(2) var<storage, read_write> rowLoss: array<f32, 200>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32, 600>;
@group(0) @binding(4) var<storage, read> mass: array<f32, 64>;

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

const classWeights = array<f32, 3>(1.0f, 0.5f, 2.0f);

// The NaN that tells of a label that is no class, which no constant may be.
var<private> quietNan: u32 = 0x7fc00000u;

fn labelOf(row: u32) -> u32 {
  // What is no whole number of any size is no class either.
  return select(4294967295u, bitcast<u32>(i32(round(expected[row]))), abs(expected[row]) < 2e9);
}

// The bound keeps a wrong label inside its row.
fn weightOf(label: u32) -> f32 {
  return select(classWeights[min(label, 2u)], 0.0, label == 4294967196u);
}

const shares = array<Value, 3>(0.03333333333333333f, 0.016666666666666666f, 0.06666666666666667f);

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 200u) {
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
  for (var part = 0u; part < 64u; part++) {
    massOfAll += mass[part];
  }
  let scale = select(1.0f / massOfAll, 0.0, massOfAll == 0.0);
  var row = Row(Value(-0x1.fffffep+127), Value(0.0));
  for (var i = 0u; i < 3u; i++) {
    row = withValue(row, x[start + i]);
  }
  let largest = row.largest;
  let total = row.total;
  let logTotal = log(total);
  let own = 0.9f * weight;
  var loss = Value(0.0);
  let factor = (own + 0.11666666666666668f) * scale / total;
  for (var i = 0u; i < 3u; i++) {
    let below = largest - x[start + i];
    loss += shares[i] * (logTotal + below);
    let goal = shares[i] + select(Value(0.0), Value(own), i == label);
    dx[start + i] = exp(-below) * factor - scale * goal;
  }
  rowLoss[lane] = scale * (own * (logTotal + (largest - x[start + label])) + loss);
}
