// out[kept] = Π x over 515 terms, x [2, (515)]
enable subgroups;

@group(0) @binding(0) var<storage, read> x: array<f32, 1030>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 2>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[column]);
}

var<workgroup> partials: array<f32, 64>;

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
  var partial = 1.0;
  for (var i = lane; i < 515u; i += 64u) {
    let value = load_x(0u, startColumn + i);
    partial *= value;
  }
  partials[lane] = partial;
  workgroupBarrier();
  var total = 1.0;
  for (var other = rank; other < 64u; other += members) {
    total *= partials[other];
  }
  total = subgroupMul(total);
  if (lane == 0u && group < 2u) {
    out[group] = total;
  }
}
