// out[m, n] = relu(add(Σ over k of a[m, k] · b[n, k], operand0)), with m < 66, n < 68, k < 32

@group(0) @binding(0) var<storage, read> a: array<vec4f, 528>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 544>;
@group(0) @binding(2) var<storage, read> operand0: array<vec4f, 17>;
@group(0) @binding(3) var<storage, read_write> saved0: array<vec4f, 1122>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f, 1122>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return a[(row * 32u + column) / 4u];
}

fn load_b(row: u32, column: u32) -> Value {
  return b[(row * 32u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 68u + column) / 4u] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return operand0[column / 4u];
}

fn store_saved0(row: u32, column: u32, value: Value) {
  saved0[(row * 68u + column) / 4u] = value;
}

fn add(a: Value, b: Value) -> Value {
  return a + b;
}

fn relu(x: Value) -> Value {
  return select(x, Value(0.0), x <= Value(0.0));
}

fn epilogue(start: Value, row: u32, column: u32) -> Value {
  var value = start;
  value = add(value, load_operand0(row, column));
  store_saved0(row, column, value);
  value = relu(value);
  return value;
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
      let position = min(tileRow + edge, 65u);
      let step = min(k + depth, 31u);
      let four = load_a(position, step);
      tileA[depth * 65u + edge] = select(0.0, four.x, tileRow + edge < 66u && k + depth < 32u);
      tileA[(depth + 1u) * 65u + edge] = select(0.0, four.y, tileRow + edge < 66u && k + depth + 1u < 32u);
      tileA[(depth + 2u) * 65u + edge] = select(0.0, four.z, tileRow + edge < 66u && k + depth + 2u < 32u);
      tileA[(depth + 3u) * 65u + edge] = select(0.0, four.w, tileRow + edge < 66u && k + depth + 3u < 32u);
    }
    {
      let edge = lane / 4u;
      let depth = (lane % 4u) * 4u;
      let position = min(tileColumn + edge, 67u);
      let step = min(k + depth, 31u);
      let four = load_b(position, step);
      tileB[depth * 65u + edge] = select(0.0, four.x, tileColumn + edge < 68u && k + depth < 32u);
      tileB[(depth + 1u) * 65u + edge] = select(0.0, four.y, tileColumn + edge < 68u && k + depth + 1u < 32u);
      tileB[(depth + 2u) * 65u + edge] = select(0.0, four.z, tileColumn + edge < 68u && k + depth + 2u < 32u);
      tileB[(depth + 3u) * 65u + edge] = select(0.0, four.w, tileColumn + edge < 68u && k + depth + 3u < 32u);
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
  if (column < 68u) {
    if (row < 66u) {
      store_out(row, column, epilogue(sum0, row, column));
    }
    if (row + 1u < 66u) {
      store_out(row + 1u, column, epilogue(sum1, row + 1u, column));
    }
    if (row + 2u < 66u) {
      store_out(row + 2u, column, epilogue(sum2, row + 2u, column));
    }
    if (row + 3u < 66u) {
      store_out(row + 3u, column, epilogue(sum3, row + 3u, column));
    }
  }
}
