// out[kept] = Σ (x - mean)² over 6 terms, x [(6)]

@group(0) @binding(0) var<storage, read> x: array<f32, 6>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 1>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32, 1>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column]);
}

struct State {
  count: f32,
  mean: f32,
  // Σ (x - mean)² of the terms so far.
  squares: f32,
}

fn add(a: State, value: f32) -> State {
  let count = a.count + 1.0;
  let before = value - a.mean;
  let mean = a.mean + before / count;
  return State(count, mean, a.squares + before * (value - mean));
}

fn join(a: State, b: State) -> State {
  let count = max(a.count + b.count, 1.0);
  let share = b.count / count;
  let distance = b.mean - a.mean;
  return State(a.count + b.count, a.mean + distance * share, a.squares + b.squares + distance * distance * a.count * share);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 1u) {
    return;
  }
  var total = State(0.0, 0.0, 0.0);
  for (var first = 0u; first < 6u; first += 256u) {
    var partial = State(0.0, 0.0, 0.0);
    let end = min(first + 256u, 6u);
    for (var i = first; i < end; i++) {
      let value = load_x(0u, i);
      partial = add(partial, value);
    }
    total = join(total, partial);
  }
  out[lane] = total.squares;
  mean[lane] = total.mean;
}
