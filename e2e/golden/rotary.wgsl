// out[t, i] = x[t, i] · cos a - x[t, i + D/2] · sin a; out[t, i + D/2] = x[t, i + D/2] · cos a + x[t, i] · sin a
// a = position(t) · base^(-2i / D), i < D/2

@group(0) @binding(0) var<storage, read> x: array<f32, 600>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 600>;

alias Value = f32;

fn load_x(row: u32, column: u32) -> Value {
  return Value(x[row * 6u + column]);
}

// 2⁴⁸ · the part of a turn that one position adds.
const STEPS = array<vec2u, 3>(vec2u(683565275u, 37777u), vec2u(31728289u, 32874u), vec2u(1472696u, 48667u));

// (cos, sin) of turn · 2π / 2³²: polynomials within an eighth of a turn, then the quarter that it lies in.
fn onCircle(turn: u32) -> vec2f {
  let quarter = (turn + 0x20000000u) >> 30u;
  let r = f32(bitcast<i32>(turn - (quarter << 30u))) * 1.4629180792671596e-9f;
  let u = r * r;
  let sine = r + r * u * (-0.16666665f + u * (0.008332748f + u * -0.00019587891f));
  let cosine = 1.0 - 0.5 * u + u * u * (0.041666664f + u * (-0.0013888303f + u * 0.000024547942f));
  let turned = select(vec2f(cosine, sine), vec2f(-sine, cosine), (quarter & 1u) == 1u);
  return select(turned, -turned, (quarter & 2u) == 2u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 45u) {
    return;
  }
  let column = lane % 3u;
  let t = (lane / 3u) % 5u;
  let first = lane / 15u * 8u;
  let position = t + 2u;
  let step = STEPS[column];
  let circle = onCircle(position * step.x + ((position * step.y) >> 16u));
  for (var matrix = first; matrix < min(first + 8u, 20u); matrix++) {
    let row = matrix * 5u + t;
    let a = load_x(row, column);
    let b = load_x(row, column + 3u);
    out[row * 6u + column] = a * circle.x - b * circle.y;
    out[row * 6u + column + 3u] = b * circle.x + a * circle.y;
  }
}
