// terms[row] = (log Σ e^x - x[label], 1), (0, 0) where the label is left out

@group(0) @binding(0) var<storage, read> x: array<f32, 32>;
@group(0) @binding(1) var<storage, read> expected: array<u32, 8>;
@group(0) @binding(2) var<storage, read_write> terms: array<vec2f, 8>;

var<private> quietNan: u32 = 0x7fc00000u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 8u) {
    return;
  }
  let start = lane * 4u;
  let label = min(expected[lane], 3u);
  var largest = x[start];
  for (var i = 1u; i < 4u; i++) {
    largest = max(largest, x[start + i]);
  }
  var total = 0.0;
  for (var i = 0u; i < 4u; i++) {
    total += exp(x[start + i] - largest);
  }
  let loss = select(bitcast<f32>(quietNan), log(total) + (largest - x[start + label]), expected[lane] < 4u);
  terms[lane] = select(vec2f(loss, 1.0), vec2f(), expected[lane] == 4294967196u);
}
