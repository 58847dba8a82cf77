// out[kept] = max x over 515 terms, x [2, (515)]
enable subgroups;

@group(0) @binding(0) var<storage, read> x: array<f32, 1030>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 2>;
@group(0) @binding(2) var<storage, read_write> ties: array<f32, 2>;

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

var<workgroup> partials: array<State, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  let output = min(group, 1u);
  let startColumn = output * 515u;
  var partial = State(0.0, 0.0);
  for (var i = lane; i < 515u; i += 64u) {
    let value = load_x(0u, startColumn + i);
    partial = join(partial, State(value, 1.0));
  }
  partials[lane] = partial;
  workgroupBarrier();
  var total = State(0.0, 0.0);
  for (var other = rank; other < 64u; other += members) {
    total = join(total, partials[other]);
  }
  for (var distance = 1u; distance < 64u; distance *= 2u) {
    let above = State(subgroupShuffleDown(total.value, distance), subgroupShuffleDown(total.ties, distance));
    if (rank + distance < members) {
      total = join(total, above);
    }
  }
  total = State(subgroupBroadcastFirst(total.value), subgroupBroadcastFirst(total.ties));
  if (lane == 0u && group < 2u) {
    out[group] = total.value;
    ties[group] = total.ties;
  }
}
