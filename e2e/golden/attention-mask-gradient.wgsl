// dmask = Σ of dz over the stretched axes, dz = p · (dout · v - dout · out)

@group(0) @binding(0) var<storage, read> query: array<f32, 1170>;
@group(0) @binding(1) var<storage, read> key: array<f32, 45>;
@group(0) @binding(2) var<storage, read> value: array<f32, 30>;
@group(0) @binding(3) var<storage, read> mask: array<f32, 650>;
@group(0) @binding(4) var<storage, read> dout: array<f32, 780>;
@group(0) @binding(5) var<storage, read> rows: array<vec4f, 390>;
@group(0) @binding(6) var<storage, read_write> dmask: array<f32, 650>;

alias Value = f32;

fn load_mask(row: u32, column: u32) -> Value {
  return Value(mask[row * 5u + column]);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 650u) {
    return;
  }
  var total = 0.0;
  for (var i = 0u; i < 3u; i++) {
    let row = lane / 5u + i * 130u;
    let s = lane % 5u;
    let matrix = row / 130u;
    let t = row % 130u;
    let given = load_mask(row, s);
    if (given <= -1e30f) {
      continue;
    }
    let startQuery = matrix * 390u + t * 3u;
    let startDout = matrix * 260u + t * 2u;
    let startKey = matrix * 15u + s * 3u;
    let startValue = matrix * 10u + s * 2u;
    var score = 0.0;
    score += dot(
      vec4f(query[startQuery], query[startQuery + 1u], query[startQuery + 2u], 0.0),
      vec4f(key[startKey], key[startKey + 1u], key[startKey + 2u], 0.0),
    );
    var slope = 0.0;
    slope += dot(
      vec4f(dout[startDout], dout[startDout + 1u], 0.0, 0.0),
      vec4f(value[startValue], value[startValue + 1u], 0.0, 0.0),
    );
    let known = rows[row];
    total += exp(score * 0.5f + given - known.x) * known.y * (slope - known.z);
  }
  dmask[lane] = total;
}
