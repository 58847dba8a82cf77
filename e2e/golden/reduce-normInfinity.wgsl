// out[kept] = max |x| over 6 terms, x [(6)]

@group(0) @binding(0) var<storage, read> x: array<f32, 6>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 1>;
@group(0) @binding(2) var<storage, read_write> ties: array<f32, 1>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column]);
}

fn isNotANumber(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

struct State {
  value: f32,
  // How many terms have this value; 0 before the first.
  ties: f32,
}

fn join(a: State, b: State) -> State {
  if (b.ties > 0.0 && (a.ties == 0.0 || b.value > a.value || isNotANumber(b.value))) {
    return b;
  }
  return State(a.value, a.ties + select(0.0, b.ties, b.value == a.value));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 1u) {
    return;
  }
  var total = State(0.0, 0.0);
  for (var first = 0u; first < 6u; first += 256u) {
    var partial = State(0.0, 0.0);
    let end = min(first + 256u, 6u);
    for (var i = first; i < end; i++) {
      let value = load_x(0u, i);
      partial = join(partial, State(abs(value), 1.0));
    }
    total = join(total, partial);
  }
  out[lane] = total.value;
  ties[lane] = total.ties;
}
