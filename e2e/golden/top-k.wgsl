// counters[0] += 1 where the label's output is among the 2 largest; counters[1] += 1

@group(0) @binding(0) var<storage, read> x: array<f32, 32>;
@group(0) @binding(1) var<storage, read> expected: array<u32, 8>;
@group(0) @binding(2) var<storage, read_write> counters: array<atomic<u32>, 2>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let start = lane * 4u;
  let label = min(expected[lane], 3u);
  if (expected[lane] == 4294967196u) {
    return;
  }
  let own = x[start + label];
  var beaten = 0u;
  for (var i = 0u; i < 4u; i++) {
    let other = x[start + i];
    beaten += select(0u, 1u, own > other || (own == other && label < i));
  }
  atomicAdd(&counters[1], 1u);
  if (beaten >= 2u && expected[lane] < 4u) {
    atomicAdd(&counters[0], 1u);
  }
}
