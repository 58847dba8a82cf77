// counters[label · 4 + guess] += 1

@group(0) @binding(0) var<storage, read> x: array<f32, 32>;
@group(0) @binding(1) var<storage, read> expected: array<u32, 8>;
@group(0) @binding(2) var<storage, read_write> counters: array<atomic<u32>, 16>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let start = lane * 4u;
  if (expected[lane] == 4294967196u) {
    return;
  }
  var guess = 0u;
  for (var i = 1u; i < 4u; i++) {
    if (x[start + i] > x[start + guess]) {
      guess = i;
    }
  }
  let label = select((guess + 1u) % 4u, expected[lane], expected[lane] < 4u);
  atomicAdd(&counters[label * 4u + guess], 1u);
}
