// mass[part] = Σ weight of the labels of 4 rows

@group(0) @binding(0) var<storage, read> expected: array<u32, 200>;
@group(0) @binding(1) var<storage, read_write> mass: array<f32, 64>;

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
  if (lane >= 64u) {
    return;
  }
  var total = 0.0;
  let end = min((lane + 1u) * 4u, 200u);
  for (var row = lane * 4u; row < end; row++) {
    total += weightOf(labelOf(row));
  }
  mass[lane] = total;
}
