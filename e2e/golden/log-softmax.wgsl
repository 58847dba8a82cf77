// out = x - max - log Σ e^(x - max) over each row

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 15>;

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
  if (lane >= 5u) {
    return;
  }
  let start = lane * 3u;
  var row = Row(-0x1.fffffep+127, 0.0);
  for (var i = 0u; i < 3u; i++) {
    row = join(row, Row(x[start + i], 1.0));
  }
  let logarithm = log(row.total);
  for (var i = 0u; i < 3u; i++) {
    let place = start + i;
    out[place] = (x[place] - row.largest) - logarithm;
  }
}
