// out[kept] = Σ x over 600 terms, x [3, (600), 5]

@group(0) @binding(0) var<storage, read> x: array<f32, 9000>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 15>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 15u) {
    return;
  }
  let startColumn = lane % 5u + (lane / 5u) * 3000u;
  var total = 0.0;
  for (var first = 0u; first < 600u; first += 256u) {
    var partial = 0.0;
    let end = min(first + 256u, 600u);
    for (var i = first; i < end; i++) {
      let value = load_x(0u, startColumn + i * 5u);
      partial += value;
    }
    total += partial;
  }
  out[lane] = total;
}
