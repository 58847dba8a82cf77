// rows = (statistics, dout · out, 0)

@group(0) @binding(0) var<storage, read> out: array<f32, 780>;
@group(0) @binding(1) var<storage, read> dout: array<f32, 780>;
@group(0) @binding(2) var<storage, read> statistics: array<vec2f, 390>;
@group(0) @binding(3) var<storage, read_write> rows: array<vec4f, 390>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 390u) {
    return;
  }
  let row = lane;
  let matrix = row / 130u;
  let t = row % 130u;
  let startDout = matrix * 260u + t * 2u;
  let dout0 = vec4f(dout[startDout], dout[startDout + 1u], 0.0, 0.0);
  let startOut = row * 2u;
  var inner = 0.0;
  inner += dot(dout0, vec4f(out[startOut], out[startOut + 1u], 0.0, 0.0));
  rows[row] = vec4f(statistics[row], inner, 0.0);
}
