// goal = 0.9 · w[t] · [i = t] + 0.1 · w / 8
// rowLoss = scale · Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)

@group(0) @binding(0) var<storage, read> x: array<vec4f, 10>;
@group(0) @binding(1) var<storage, read> expected: array<u32, 5>;
@group(0) @binding(2) var<storage, read_write> rowLoss: array<f32, 5>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f, 10>;

alias Value = vec4f;

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
  let start = lane * 2u;
  let label = labelOf(lane);
  let weight = weightOf(label);
  let isLeftOut = label == 4294967196u;
  if (isLeftOut || label >= 8u) {
    let outside = select(bitcast<f32>(quietNan), 0.0, isLeftOut);
    rowLoss[lane] = outside;
    for (var i = 0u; i < 2u; i++) {
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
  for (var i = 0u; i < 2u; i++) {
    row = withValue(row, x[start + i]);
  }
  let largest = max(max(row.largest.x, row.largest.y), max(row.largest.z, row.largest.w));
  let parts = row.total * exp(row.largest - largest);
  let total = (parts.x + parts.y) + (parts.z + parts.w);
  let logTotal = log(total);
  let own = 0.9f * weight;
  var loss = Value(0.0);
  let factor = (own + 0.1f) * scale / total;
  for (var i = 0u; i < 2u; i++) {
    let below = largest - x[start + i];
    loss += 0.0125f * (logTotal + below);
    let goal = 0.0125f + select(Value(0.0), Value(own), 4u * i + vec4u(0u, 1u, 2u, 3u) == vec4u(label));
    dx[start + i] = exp(-below) * factor - scale * goal;
  }
  rowLoss[lane] = scale * (own * (logTotal + (largest - x[start + label / 4u][label % 4u])) + (loss.x + loss.y) + (loss.z + loss.w));
}
