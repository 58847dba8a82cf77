// out[m, n] = Σ over k of reluBackward(a[k, m], operand0) · b[k, n], with m < 130, n < 132, k < 32
// rowSums[m] = Σ over k of reluBackward(a[k, m], operand0)

@group(0) @binding(0) var<storage, read> a: array<f32, 4160>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 1056>;
@group(0) @binding(2) var<storage, read> operand0: array<f32, 4160>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 4290>;
@group(0) @binding(4) var<storage, read_write> rowSums: array<f32, 130>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    a[row * 130u + column],
    a[row * 130u + min(column + 1u, 129u)],
    a[row * 130u + min(column + 2u, 129u)],
    a[row * 130u + min(column + 3u, 129u)],
  );
}

fn load_b(row: u32, column: u32) -> Value {
  return b[(row * 132u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 132u + column) / 4u] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(
    operand0[row * 130u + column],
    operand0[row * 130u + min(column + 1u, 129u)],
    operand0[row * 130u + min(column + 2u, 129u)],
    operand0[row * 130u + min(column + 3u, 129u)],
  );
}

fn reluBackward(dout: Value, y: Value) -> Value {
  // The subgradient at 0 is 0.
  return select(Value(0.0), dout, y > Value(0.0));
}

fn prologueA(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = reluBackward(value, load_operand0(row, column));
  return value;
}

var<workgroup> tileA: array<f32, 1032>;
var<workgroup> tileB: array<f32, 1032>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let tileRow = (group / 2u) * 128u;
  let tileColumn = (group % 2u) * 128u;
  let laneRow = (lane / 16u) * 4u;
  let laneColumn = (lane % 16u) * 4u;
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var sum4 = vec4f(0.0);
  var sum5 = vec4f(0.0);
  var sum6 = vec4f(0.0);
  var sum7 = vec4f(0.0);
  var right0 = vec4f(0.0);
  var right1 = vec4f(0.0);
  var right2 = vec4f(0.0);
  var right3 = vec4f(0.0);
  var right4 = vec4f(0.0);
  var right5 = vec4f(0.0);
  var right6 = vec4f(0.0);
  var right7 = vec4f(0.0);
  var totals = vec4f(0.0);
  var totals1 = vec4f(0.0);
  for (var k = 0u; k < 32u; k += 8u) {
    {
      let depth = lane / 32u;
      let edge = (lane % 32u) * 4u;
      let step = min(k + depth, 31u);
      let position = min(tileRow + edge, 129u);
      let four = prologueA(load_a(step, position), step, position);
      tileA[depth * 129u + edge] = select(0.0, four.x, k + depth < 32u && tileRow + edge < 130u);
      tileA[depth * 129u + edge + 1u] = select(0.0, four.y, k + depth < 32u && tileRow + edge + 1u < 130u);
      tileA[depth * 129u + edge + 2u] = select(0.0, four.z, k + depth < 32u && tileRow + edge + 2u < 130u);
      tileA[depth * 129u + edge + 3u] = select(0.0, four.w, k + depth < 32u && tileRow + edge + 3u < 130u);
    }
    {
      let depth = lane / 32u;
      let edge = (lane % 32u) * 4u;
      let step = min(k + depth, 31u);
      let position = min(tileColumn + edge, 131u);
      let four = load_b(step, position);
      tileB[depth * 129u + edge] = select(0.0, four.x, k + depth < 32u && tileColumn + edge < 132u);
      tileB[depth * 129u + edge + 1u] = select(0.0, four.y, k + depth < 32u && tileColumn + edge + 1u < 132u);
      tileB[depth * 129u + edge + 2u] = select(0.0, four.z, k + depth < 32u && tileColumn + edge + 2u < 132u);
      tileB[depth * 129u + edge + 3u] = select(0.0, four.w, k + depth < 32u && tileColumn + edge + 3u < 132u);
    }
    workgroupBarrier();
    for (var depth = 0u; depth < 8u; depth++) {
      let fourA = vec4f(
        tileA[depth * 129u + laneRow],
        tileA[depth * 129u + laneRow + 1u],
        tileA[depth * 129u + laneRow + 2u],
        tileA[depth * 129u + laneRow + 3u],
      );
      let fourA1 = vec4f(
        tileA[depth * 129u + laneRow + 64u],
        tileA[depth * 129u + laneRow + 64u + 1u],
        tileA[depth * 129u + laneRow + 64u + 2u],
        tileA[depth * 129u + laneRow + 64u + 3u],
      );
      let fourB = vec4f(
        tileB[depth * 129u + laneColumn],
        tileB[depth * 129u + laneColumn + 1u],
        tileB[depth * 129u + laneColumn + 2u],
        tileB[depth * 129u + laneColumn + 3u],
      );
      let fourB1 = vec4f(
        tileB[depth * 129u + laneColumn + 64u],
        tileB[depth * 129u + laneColumn + 64u + 1u],
        tileB[depth * 129u + laneColumn + 64u + 2u],
        tileB[depth * 129u + laneColumn + 64u + 3u],
      );
      sum0 += fourA.x * fourB;
      sum1 += fourA.y * fourB;
      sum2 += fourA.z * fourB;
      sum3 += fourA.w * fourB;
      sum4 += fourA1.x * fourB;
      sum5 += fourA1.y * fourB;
      sum6 += fourA1.z * fourB;
      sum7 += fourA1.w * fourB;
      right0 += fourA.x * fourB1;
      right1 += fourA.y * fourB1;
      right2 += fourA.z * fourB1;
      right3 += fourA.w * fourB1;
      right4 += fourA1.x * fourB1;
      right5 += fourA1.y * fourB1;
      right6 += fourA1.z * fourB1;
      right7 += fourA1.w * fourB1;
      totals += fourA;
      totals1 += fourA1;
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  let row = tileRow + laneRow;
  let column = tileColumn + laneColumn;
  if (column < 132u) {
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
    if (row + 64u < 130u) {
      store_out(row + 64u, column, sum4);
    }
    if (row + 65u < 130u) {
      store_out(row + 65u, column, sum5);
    }
    if (row + 66u < 130u) {
      store_out(row + 66u, column, sum6);
    }
    if (row + 67u < 130u) {
      store_out(row + 67u, column, sum7);
    }
  }
  {
    let column = tileColumn + laneColumn + 64u;
    if (column < 132u) {
      if (row < 130u) {
        store_out(row, column, right0);
      }
      if (row + 1u < 130u) {
        store_out(row + 1u, column, right1);
      }
      if (row + 2u < 130u) {
        store_out(row + 2u, column, right2);
      }
      if (row + 3u < 130u) {
        store_out(row + 3u, column, right3);
      }
      if (row + 64u < 130u) {
        store_out(row + 64u, column, right4);
      }
      if (row + 65u < 130u) {
        store_out(row + 65u, column, right5);
      }
      if (row + 66u < 130u) {
        store_out(row + 66u, column, right6);
      }
      if (row + 67u < 130u) {
        store_out(row + 67u, column, right7);
      }
    }
  }
  if (column == 0u) {
    if (row < 130u) {
      rowSums[row] = totals.x;
    }
    if (row + 1u < 130u) {
      rowSums[row + 1u] = totals.y;
    }
    if (row + 2u < 130u) {
      rowSums[row + 2u] = totals.z;
    }
    if (row + 3u < 130u) {
      rowSums[row + 3u] = totals.w;
    }
    if (row + 64u < 130u) {
      rowSums[row + 64u] = totals1.x;
    }
    if (row + 65u < 130u) {
      rowSums[row + 65u] = totals1.y;
    }
    if (row + 66u < 130u) {
      rowSums[row + 66u] = totals1.z;
    }
    if (row + 67u < 130u) {
      rowSums[row + 67u] = totals1.w;
    }
  }
}
