// out[kept] = 0.125 · Σ x over 600 terms, x [3, (600), 5]
enable subgroups;

@group(0) @binding(0) var<storage, read> x: array<f32, 9000>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 15>;

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
  let output = min(group, 14u);
  let startColumn = output % 5u + (output / 5u) * 3000u;
  var partial = 0.0;
  for (var i = lane; i < 600u; i += 64u) {
    let value = load_x(0u, startColumn + i * 5u);
    partial += value;
  }
  partials[lane] = partial;
  workgroupBarrier();
  var total = 0.0;
  for (var other = rank; other < 64u; other += members) {
    total += partials[other];
  }
  total = subgroupAdd(total);
  if (lane == 0u && group < 15u) {
    out[group] = total * 0.125f;
  }
}
