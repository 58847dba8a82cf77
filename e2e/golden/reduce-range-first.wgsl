// out[kept] = the place of max x over 300 terms, x [(300), 4]; the first terms

@group(0) @binding(0) var<storage, read> x: array<f32, 1200>;
@group(0) @binding(1) var<storage, read_write> after: array<f32, 8>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column]);
}

fn isNotANumber(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

const NONE = 0xffffffffu;

struct State {
  value: f32,
  // Its place along the folded axes; NONE before the first term.
  place: u32,
}

fn join(a: State, b: State) -> State {
  if (b.place != NONE && (a.place == NONE || b.value > a.value || (isNotANumber(b.value) && !isNotANumber(a.value)))) {
    return b;
  }
  if (b.place < a.place && b.value == a.value) {
    return b;
  }
  return a;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 4u) {
    return;
  }
  let startColumn = lane;
  var total = State(0.0, NONE);
  for (var first = 0u; first < 300u; first += 256u) {
    var partial = State(0.0, NONE);
    let end = min(first + 256u, 300u);
    for (var i = first; i < end; i++) {
      let value = load_x(0u, startColumn + i * 4u);
      partial = join(partial, State(value, i));
    }
    total = join(total, partial);
  }
  after[lane * 2u] = total.value;
  after[lane * 2u + 1u] = f32(total.place);
}
