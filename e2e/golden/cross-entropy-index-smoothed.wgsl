// goal = 0.9 · w[t] · [i = t] + 0.1 · w / 3
// rowLoss = scale · Σ goal · (log Σ e^x - x); dx = scale · (softmax(x) · Σ goal - goal)

@group(0) @binding(0) var<storage, read> x: array<f32, 600>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 200>;
@group(0) @binding(2) var<storage, read_write> rowLoss: array<f32, 200>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32, 600>;
@group(0) @binding(4) var<storage, read> mass: array<f32, 64>;

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

const shares = array<f32, 3>(0.03333333333333333f, 0.016666666666666666f, 0.06666666666666667f);

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 200u) {
    return;
  }
  let start = lane * 3u;
  let weight = weightOf(labelOf(lane));
  if (labelOf(lane) == 4294967196u) {
    rowLoss[lane] = 0.0;
    for (var i = 0u; i < 3u; i++) {
      dx[start + i] = 0.0;
    }
    return;
  }
  if (labelOf(lane) >= 3u) {
    rowLoss[lane] = bitcast<f32>(quietNan);
    for (var i = 0u; i < 3u; i++) {
      dx[start + i] = bitcast<f32>(quietNan);
    }
    return;
  }
  let label = labelOf(lane);
  var massOfAll = 0.0;
  for (var part = 0u; part < 64u; part++) {
    massOfAll += mass[part];
  }
  let scale = select(1.0f / massOfAll, 0.0, massOfAll == 0.0);
  var largest = x[start];
  for (var i = 1u; i < 3u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let power = exp(x[start + i] - largest);
    dx[start + i] = power;
    total += power;
  }
  let logTotal = log(total);
  let own = 0.9f * weight;
  var loss = own * (logTotal + (largest - x[start + label]));
  let factor = (own + 0.11666666666666668f) * scale / total;
  for (var i = 0u; i < 3u; i++) {
    loss += shares[i] * (logTotal + (largest - x[start + i]));
    let goal = shares[i] + select(0.0, own, i == label);
    dx[start + i] = dx[start + i] * factor - scale * goal;
  }
  rowLoss[lane] = scale * loss;
}
