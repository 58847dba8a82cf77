// out[kept] = 0.5 · √(Σ (x)²) over 44 terms, x [(44), 4]; terms 900 and on, joined to those before

@group(0) @binding(0) var<storage, read> x: array<f32, 176>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 4>;
@group(0) @binding(2) var<storage, read> before: array<f32, 4>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 4u) {
    return;
  }
  let startColumn = lane;
  var total = 0.0;
  for (var first = 0u; first < 44u; first += 256u) {
    var partial = 0.0;
    let end = min(first + 256u, 44u);
    for (var i = first; i < end; i++) {
      let value = load_x(0u, startColumn + i * 4u);
      partial += value * value;
    }
    total += partial;
  }
  var state = before[lane];
  state += total;
  out[lane] = sqrt(state) * 0.5f;
}
