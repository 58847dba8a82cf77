// out[m, n] = Σ over k of a[m, k] · b[k, n], with m < 68, n < 66, k < 32
enable f16;

@group(0) @binding(0) var<storage, read> a: array<vec4h, 544>;
@group(0) @binding(1) var<storage, read> b: array<f16, 2112>;
@group(0) @binding(2) var<storage, read_write> out: array<f16, 4488>;

// f16 of x, infinite beyond 65504 on every device.
fn toHalf(x: f32) -> f16 {
  let infinite = bitcast<vec2h>(((bitcast<u32>(x) >> 16u) & 0x8000u) | 0x7c00u).x;
  return select(f16(x), infinite, abs(x) > 65504.0);
}

fn toHalves(x: vec4f) -> vec4h {
  return vec4h(toHalf(x.x), toHalf(x.y), toHalf(x.z), toHalf(x.w));
}

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(a[(row * 32u + column) / 4u]);
}

fn load_b(row: u32, column: u32) -> Value {
  return Value(
    f32(b[row * 66u + column]),
    f32(b[row * 66u + min(column + 1u, 65u)]),
    f32(b[row * 66u + min(column + 2u, 65u)]),
    f32(b[row * 66u + min(column + 3u, 65u)]),
  );
}

fn store_out(row: u32, column: u32, value: Value) {
  let index = row * 66u + column;
  out[index] = toHalf(value.x);
  if (column + 1u < 66u) {
    out[index + 1u] = toHalf(value.y);
  }
  if (column + 2u < 66u) {
    out[index + 2u] = toHalf(value.z);
  }
  if (column + 3u < 66u) {
    out[index + 3u] = toHalf(value.w);
  }
}

var<workgroup> tileA: array<f32, 1040>;
var<workgroup> tileB: array<f32, 1040>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let tileRow = (group / 2u) * 64u;
  let tileColumn = (group % 2u) * 64u;
  let laneRow = (lane / 16u) * 4u;
  let laneColumn = (lane % 16u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 32u; k += 16u) {
    {
      let edge = lane / 4u;
      let depth = (lane % 4u) * 4u;
      let position = min(tileRow + edge, 67u);
      let step = min(k + depth, 31u);
      let four = load_a(position, step);
      tileA[depth * 65u + edge] = select(0.0, four.x, tileRow + edge < 68u && k + depth < 32u);
      tileA[(depth + 1u) * 65u + edge] = select(0.0, four.y, tileRow + edge < 68u && k + depth + 1u < 32u);
      tileA[(depth + 2u) * 65u + edge] = select(0.0, four.z, tileRow + edge < 68u && k + depth + 2u < 32u);
      tileA[(depth + 3u) * 65u + edge] = select(0.0, four.w, tileRow + edge < 68u && k + depth + 3u < 32u);
    }
    {
      let depth = lane / 16u;
      let edge = (lane % 16u) * 4u;
      let step = min(k + depth, 31u);
      let position = min(tileColumn + edge, 65u);
      let four = load_b(step, position);
      tileB[depth * 65u + edge] = select(0.0, four.x, k + depth < 32u && tileColumn + edge < 66u);
      tileB[depth * 65u + edge + 1u] = select(0.0, four.y, k + depth < 32u && tileColumn + edge + 1u < 66u);
      tileB[depth * 65u + edge + 2u] = select(0.0, four.z, k + depth < 32u && tileColumn + edge + 2u < 66u);
      tileB[depth * 65u + edge + 3u] = select(0.0, four.w, k + depth < 32u && tileColumn + edge + 3u < 66u);
    }
    workgroupBarrier();
    for (var depth = 0u; depth < 16u; depth++) {
      let fourA = vec4f(
        tileA[depth * 65u + laneRow],
        tileA[depth * 65u + laneRow + 1u],
        tileA[depth * 65u + laneRow + 2u],
        tileA[depth * 65u + laneRow + 3u],
      );
      let fourB = vec4f(
        tileB[depth * 65u + laneColumn],
        tileB[depth * 65u + laneColumn + 1u],
        tileB[depth * 65u + laneColumn + 2u],
        tileB[depth * 65u + laneColumn + 3u],
      );
      sum0 += fourA.x * fourB;
      sum1 += fourA.y * fourB;
      sum2 += fourA.z * fourB;
      sum3 += fourA.w * fourB;
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  let row = tileRow + laneRow;
  let column = tileColumn + laneColumn;
  if (column < 66u) {
    if (row < 68u) {
      store_out(row, column, sum0);
    }
    if (row + 1u < 68u) {
      store_out(row + 1u, column, sum1);
    }
    if (row + 2u < 68u) {
      store_out(row + 2u, column, sum2);
    }
    if (row + 3u < 68u) {
      store_out(row + 3u, column, sum3);
    }
  }
}
