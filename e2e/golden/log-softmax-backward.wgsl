// dx = dout - e^y · Σ dout over each row

@group(0) @binding(0) var<storage, read> dout: array<f32, 15>;
@group(0) @binding(1) var<storage, read> y: array<f32, 15>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32, 15>;

alias Value = f32;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 5u) {
    return;
  }
  let start = lane * 3u;
  var parts = Value(0.0);
  for (var i = 0u; i < 3u; i++) {
    let place = start + i;
    parts += dout[place];
  }
  let inner = parts;
  for (var i = 0u; i < 3u; i++) {
    let place = start + i;
    dx[place] = dout[place] - exp(y[place]) * inner;
  }
}
