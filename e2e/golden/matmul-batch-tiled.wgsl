// out[m, n] = Σ over 3 pairs of matrices and k of a[m, k] · b[n, k], with m < 5, n < 8, k < 4, for each of 2 products

@group(0) @binding(0) var<storage, read> a: array<vec4f, 35>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 24>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f, 20>;

alias Value = vec4f;

fn load_a(start: u32, row: u32, column: u32) -> Value {
  return a[(start + row * 8u + column + 4u) / 4u];
}

fn load_b(start: u32, row: u32, column: u32) -> Value {
  return b[(start + row * 4u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 8u + column) / 4u] = value;
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
  // Groups beyond the last product compute it again, for all lanes must come to the barriers; they store nothing.
  let product = min(group, 1u) / 1u;
  let firstRow = product * 5u;
  let productStartA = product * 20u;
  let tileRow = ((group % 1u) / 1u) * 64u;
  let tileColumn = (group % 1u) * 64u;
  let laneRow = (lane / 16u) * 4u;
  let laneColumn = (lane % 16u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var term = 0u; term < 3u; term++) {
    let startA = productStartA + term * 40u;
    let startB = term * 32u;
    for (var k = 0u; k < 4u; k += 16u) {
      {
        let edge = lane / 4u;
        let depth = (lane % 4u) * 4u;
        let position = min(tileRow + edge, 4u);
        let step = min(k + depth, 3u);
        let four = load_a(startA, position, step);
        tileA[depth * 65u + edge] = select(0.0, four.x, tileRow + edge < 5u && k + depth < 4u);
        tileA[(depth + 1u) * 65u + edge] = select(0.0, four.y, tileRow + edge < 5u && k + depth + 1u < 4u);
        tileA[(depth + 2u) * 65u + edge] = select(0.0, four.z, tileRow + edge < 5u && k + depth + 2u < 4u);
        tileA[(depth + 3u) * 65u + edge] = select(0.0, four.w, tileRow + edge < 5u && k + depth + 3u < 4u);
      }
      {
        let edge = lane / 4u;
        let depth = (lane % 4u) * 4u;
        let position = min(tileColumn + edge, 7u);
        let step = min(k + depth, 3u);
        let four = load_b(startB, position, step);
        tileB[depth * 65u + edge] = select(0.0, four.x, tileColumn + edge < 8u && k + depth < 4u);
        tileB[(depth + 1u) * 65u + edge] = select(0.0, four.y, tileColumn + edge < 8u && k + depth + 1u < 4u);
        tileB[(depth + 2u) * 65u + edge] = select(0.0, four.z, tileColumn + edge < 8u && k + depth + 2u < 4u);
        tileB[(depth + 3u) * 65u + edge] = select(0.0, four.w, tileColumn + edge < 8u && k + depth + 3u < 4u);
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
  }
  let row = tileRow + laneRow;
  let column = tileColumn + laneColumn;
  if (column < 8u && group < 2u) {
    if (row < 5u) {
      store_out(firstRow + row, column, sum0);
    }
    if (row + 1u < 5u) {
      store_out(firstRow + row + 1u, column, sum1);
    }
    if (row + 2u < 5u) {
      store_out(firstRow + row + 2u, column, sum2);
    }
    if (row + 3u < 5u) {
      store_out(firstRow + row + 3u, column, sum3);
    }
  }
}
