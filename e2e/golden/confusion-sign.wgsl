// counters[label · 2 + guess] += 1

@group(0) @binding(0) var<storage, read> x: array<f32, 32>;
@group(0) @binding(1) var<storage, read> expected: array<f32, 32>;
@group(0) @binding(2) var<storage, read_write> counters: array<atomic<u32>, 4>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 32u) {
    return;
  }
  let label = select(0u, 1u, expected[lane] > 0.5);
  let guess = select(0u, 1u, x[lane] > 0.0);
  atomicAdd(&counters[label * 2u + guess], 1u);
}
