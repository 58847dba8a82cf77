// out[kept] = log Σ e^x over 6 terms, x [(6)]

@group(0) @binding(0) var<storage, read> x: array<f32, 6>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 1>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column]);
}

struct State {
  largest: f32,
  // Σ e^(x - largest), made smaller whenever a larger number comes: no exponential overflows, and each term is read once.
  total: f32,
}

fn join(a: State, b: State) -> State {
  let smaller = exp(-abs(b.largest - a.largest));
  return State(max(a.largest, b.largest), select(a.total + b.total * smaller, a.total * smaller + b.total, b.largest > a.largest));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 1u) {
    return;
  }
  var total = State(-0x1.fffffep+127, 0.0);
  for (var first = 0u; first < 6u; first += 256u) {
    var partial = State(-0x1.fffffep+127, 0.0);
    let end = min(first + 256u, 6u);
    for (var i = first; i < end; i++) {
      let value = load_x(0u, i);
      partial = join(partial, State(value, 1.0));
    }
    total = join(total, partial);
  }
  out[lane] = total.largest + select(total.total, log(total.total), total.total >= 0.0);
}
