// out[m, n] = Σ over k of a[m, k] · b[k, n], with m < 40, n < 36, k < 44

@group(0) @binding(0) var<storage, read> a: array<vec4f, 440>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 396>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f, 360>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return a[(row * 44u + column) / 4u];
}

fn load_b(row: u32, column: u32) -> Value {
  return b[(row * 36u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 36u + column) / 4u] = value;
}

var<workgroup> tileA: array<f32, 1056>;
var<workgroup> tileB: array<f32, 1056>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let tileRow = (group / 2u) * 32u;
  let tileColumn = (group % 2u) * 32u;
  let laneRow = (lane / 8u) * 4u;
  let laneColumn = (lane % 8u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 44u; k += 32u) {
    for (var load = 0u; load < 4u; load++) {
      let place = lane + load * 64u;
      let edge = place / 8u;
      let depth = (place % 8u) * 4u;
      let position = min(tileRow + edge, 39u);
      let step = min(k + depth, 43u);
      let four = load_a(position, step);
      tileA[depth * 33u + edge] = select(0.0, four.x, tileRow + edge < 40u && k + depth < 44u);
      tileA[(depth + 1u) * 33u + edge] = select(0.0, four.y, tileRow + edge < 40u && k + depth + 1u < 44u);
      tileA[(depth + 2u) * 33u + edge] = select(0.0, four.z, tileRow + edge < 40u && k + depth + 2u < 44u);
      tileA[(depth + 3u) * 33u + edge] = select(0.0, four.w, tileRow + edge < 40u && k + depth + 3u < 44u);
    }
    for (var load = 0u; load < 4u; load++) {
      let place = lane + load * 64u;
      let depth = place / 8u;
      let edge = (place % 8u) * 4u;
      let step = min(k + depth, 43u);
      let position = min(tileColumn + edge, 35u);
      let four = load_b(step, position);
      tileB[depth * 33u + edge] = select(0.0, four.x, k + depth < 44u && tileColumn + edge < 36u);
      tileB[depth * 33u + edge + 1u] = select(0.0, four.y, k + depth < 44u && tileColumn + edge + 1u < 36u);
      tileB[depth * 33u + edge + 2u] = select(0.0, four.z, k + depth < 44u && tileColumn + edge + 2u < 36u);
      tileB[depth * 33u + edge + 3u] = select(0.0, four.w, k + depth < 44u && tileColumn + edge + 3u < 36u);
    }
    workgroupBarrier();
    for (var depth = 0u; depth < 32u; depth++) {
      let fourA = vec4f(
        tileA[depth * 33u + laneRow],
        tileA[depth * 33u + laneRow + 1u],
        tileA[depth * 33u + laneRow + 2u],
        tileA[depth * 33u + laneRow + 3u],
      );
      let fourB = vec4f(
        tileB[depth * 33u + laneColumn],
        tileB[depth * 33u + laneColumn + 1u],
        tileB[depth * 33u + laneColumn + 2u],
        tileB[depth * 33u + laneColumn + 3u],
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
  if (column < 36u) {
    if (row < 40u) {
      store_out(row, column, sum0);
    }
    if (row + 1u < 40u) {
      store_out(row + 1u, column, sum1);
    }
    if (row + 2u < 40u) {
      store_out(row + 2u, column, sum2);
    }
    if (row + 3u < 40u) {
      store_out(row + 3u, column, sum3);
    }
  }
}
