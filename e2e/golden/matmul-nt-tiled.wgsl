// out[m, n] = Σ over k of a[m, k] · b[n, k], with m < 130, n < 70, k < 33

@group(0) @binding(0) var<storage, read> a: array<f32, 4290>;
@group(0) @binding(1) var<storage, read> b: array<f32, 2310>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 9100>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    a[row * 33u + column],
    a[row * 33u + min(column + 1u, 32u)],
    a[row * 33u + min(column + 2u, 32u)],
    a[row * 33u + min(column + 3u, 32u)],
  );
}

fn load_b(row: u32, column: u32) -> Value {
  return Value(
    b[row * 33u + column],
    b[row * 33u + min(column + 1u, 32u)],
    b[row * 33u + min(column + 2u, 32u)],
    b[row * 33u + min(column + 3u, 32u)],
  );
}

fn store_out(row: u32, column: u32, value: Value) {
  let index = row * 70u + column;
  out[index] = value.x;
  if (column + 1u < 70u) {
    out[index + 1u] = value.y;
  }
  if (column + 2u < 70u) {
    out[index + 2u] = value.z;
  }
  if (column + 3u < 70u) {
    out[index + 3u] = value.w;
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
  for (var k = 0u; k < 33u; k += 16u) {
    {
      let edge = lane / 4u;
      let depth = (lane % 4u) * 4u;
      let position = min(tileRow + edge, 129u);
      let step = min(k + depth, 32u);
      let four = load_a(position, step);
      tileA[depth * 65u + edge] = select(0.0, four.x, tileRow + edge < 130u && k + depth < 33u);
      tileA[(depth + 1u) * 65u + edge] = select(0.0, four.y, tileRow + edge < 130u && k + depth + 1u < 33u);
      tileA[(depth + 2u) * 65u + edge] = select(0.0, four.z, tileRow + edge < 130u && k + depth + 2u < 33u);
      tileA[(depth + 3u) * 65u + edge] = select(0.0, four.w, tileRow + edge < 130u && k + depth + 3u < 33u);
    }
    {
      let edge = lane / 4u;
      let depth = (lane % 4u) * 4u;
      let position = min(tileColumn + edge, 69u);
      let step = min(k + depth, 32u);
      let four = load_b(position, step);
      tileB[depth * 65u + edge] = select(0.0, four.x, tileColumn + edge < 70u && k + depth < 33u);
      tileB[(depth + 1u) * 65u + edge] = select(0.0, four.y, tileColumn + edge < 70u && k + depth + 1u < 33u);
      tileB[(depth + 2u) * 65u + edge] = select(0.0, four.z, tileColumn + edge < 70u && k + depth + 2u < 33u);
      tileB[(depth + 3u) * 65u + edge] = select(0.0, four.w, tileColumn + edge < 70u && k + depth + 3u < 33u);
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
  if (column < 70u) {
    if (row < 130u) {
      store_out(row, column, sum0);
    }
    if (row + 1u < 130u) {
      store_out(row + 1u, column, sum1);
    }
    if (row + 2u < 130u) {
      store_out(row + 2u, column, sum2);
    }
    if (row + 3u < 130u) {
      store_out(row + 3u, column, sum3);
    }
  }
}
