// out = e^(x - max) / Σ e^(x - max) over each row
enable subgroups;

@group(0) @binding(0) var<storage, read> x: array<f32, 3000>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 3000>;

struct Row {
  largest: f32,
  // Σ e^(x - largest) of the elements so far.
  total: f32,
}

fn join(a: Row, b: Row) -> Row {
  let smaller = exp(-abs(b.largest - a.largest));
  return Row(max(a.largest, b.largest), select(a.total + b.total * smaller, a.total * smaller + b.total, b.largest > a.largest));
}

var<workgroup> partials: array<Row, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let members = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  let start = (min(group, 4u)) * 600u;
  var partial = Row(-0x1.fffffep+127, 0.0);
  for (var i = lane; i < 600u; i += 64u) {
    partial = join(partial, Row(x[start + i], 1.0));
  }
  partials[lane] = partial;
  workgroupBarrier();
  var row = Row(-0x1.fffffep+127, 0.0);
  for (var other = rank; other < 64u; other += members) {
    row = join(row, partials[other]);
  }
  for (var distance = 1u; distance < 64u; distance *= 2u) {
    let above = Row(subgroupShuffleDown(row.largest, distance), subgroupShuffleDown(row.total, distance));
    if (rank + distance < members) {
      row = join(row, above);
    }
  }
  row = Row(subgroupBroadcastFirst(row.largest), subgroupBroadcastFirst(row.total));
  let scale = 1.0 / row.total;
  if (group < 5u) {
    for (var i = lane; i < 600u; i += 64u) {
      let place = start + i;
      out[place] = exp(x[place] - row.largest) * scale;
    }
  }
}
