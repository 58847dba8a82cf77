// c = Σ a·b / √((Σ a² + ε)·(Σ b² + ε)); rowLoss = 1 - c where t = 1, max(0, c - 0.25) where t = -1
// da = slope · (b / √(…) - c · a / (Σ a² + ε)) with slope = ∓scale, 0 where rowLoss is cut; db alike

@group(0) @binding(0) var<storage, read> a: array<f32, 15>;
@group(0) @binding(1) var<storage, read> b: array<f32, 15>;
@group(0) @binding(2) var<storage, read> expected: array<f32, 5>;
@group(0) @binding(3) var<storage, read_write> rowLoss: array<f32, 5>;
@group(0) @binding(4) var<storage, read_write> da: array<f32, 15>;
@group(0) @binding(5) var<storage, read_write> db: array<f32, 15>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 5u) {
    return;
  }
  let start = lane * 3u;
  var product = 0.0;
  var squaresA = 1e-12f;
  var squaresB = 1e-12f;
  for (var i = start; i < start + 3u; i++) {
    product += a[i] * b[i];
    squaresA += a[i] * a[i];
    squaresB += b[i] * b[i];
  }
  // Two roots: the product of two sums of squares could leave the range of f32.
  let size = sqrt(squaresA) * sqrt(squaresB);
  let cosine = product / size;
  let t = expected[lane];
  let beyond = cosine - 0.25f;
  // What is no number is not cut.
  let isCut = t != -1.0 || beyond <= 0.0;
  rowLoss[lane] = select(select(beyond, 0.0, isCut), 1.0 - cosine, t == 1.0);
  let slope = select(select(0.2f, 0.0, isCut), (-0.2f), t == 1.0);
  for (var i = start; i < start + 3u; i++) {
    da[i] = slope * (b[i] / size - cosine * a[i] / squaresA);
    db[i] = slope * (a[i] / size - cosine * b[i] / squaresB);
  }
}
