// out = e^(x - max) / Σ e^(x - max) over each row

@group(0) @binding(0) var<storage, read> x: array<f32, 30>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 30>;

struct Row {
  largest: f32,
  // Σ e^(x - largest) of the elements so far.
  total: f32,
}

fn join(a: Row, b: Row) -> Row {
  let smaller = exp(-abs(b.largest - a.largest));
  return Row(max(a.largest, b.largest), select(a.total + b.total * smaller, a.total * smaller + b.total, b.largest > a.largest));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 6u) {
    return;
  }
  let start = (lane / 3u) * 15u + lane % 3u;
  var row = Row(-0x1.fffffep+127, 0.0);
  for (var i = 0u; i < 5u; i++) {
    row = join(row, Row(x[start + i * 3u], 1.0));
  }
  let scale = 1.0 / row.total;
  for (var i = 0u; i < 5u; i++) {
    let place = start + i * 3u;
    out[place] = exp(x[place] - row.largest) * scale;
  }
}
