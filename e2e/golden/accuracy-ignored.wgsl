// hits[row] = share of right predictions in the row; hits[8 + row] = 1 where the row counts

@group(0) @binding(0) var<storage, read> x: array<f32, 80>;
@group(0) @binding(1) var<storage, read> expected: array<u32, 8>;
@group(0) @binding(2) var<storage, read_write> hits: array<f32, 16>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let start = lane * 10u;
  var guess = 0u;
  for (var i = 1u; i < 10u; i++) {
    if (x[start + i] > x[start + guess]) {
      guess = i;
    }
  }
  let isCounted = expected[lane] != 4294967196u;
  hits[lane] = select(0.0, 1.0, isCounted && guess == expected[lane]);
  hits[lane + 8u] = select(0.0, 1.0, isCounted);
}
