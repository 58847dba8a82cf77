// out[m, n] = Σ over k of reluBackward(a[k, m], operand0) · b[k, n], with m < 50, n < 40, k < 36
// rowSums[m] = Σ over k of reluBackward(a[k, m], operand0)
enable chromium_experimental_subgroup_matrix;

@group(0) @binding(0) var<storage, read> a: array<f32, 1800>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 360>;
@group(0) @binding(2) var<storage, read> operand0: array<f32, 1800>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 500>;
@group(0) @binding(4) var<storage, read_write> rowSums: array<f32, 50>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return Value(
    a[row * 50u + column],
    a[row * 50u + min(column + 1u, 49u)],
    a[row * 50u + min(column + 2u, 49u)],
    a[row * 50u + min(column + 3u, 49u)],
  );
}

fn load_b(row: u32, column: u32) -> Value {
  return b[(row * 40u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 40u + column) / 4u] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return Value(
    operand0[row * 50u + column],
    operand0[row * 50u + min(column + 1u, 49u)],
    operand0[row * 50u + min(column + 2u, 49u)],
    operand0[row * 50u + min(column + 3u, 49u)],
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

var<workgroup> tileA: array<f32, 1152>;
var<workgroup> tileB: array<f32, 2176>;
var<workgroup> strip: array<f32, 512>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let tileRow = (group / 1u) * 32u;
  let tileColumn = (group % 1u) * 64u;
  let partRow = (subgroup / 2u) * 32u;
  let partColumn = (subgroup % 2u) * 32u;
  var sum0_0 = subgroup_matrix_result<f32, 16, 8>();
  var sum0_1 = subgroup_matrix_result<f32, 16, 8>();
  var sum1_0 = subgroup_matrix_result<f32, 16, 8>();
  var sum1_1 = subgroup_matrix_result<f32, 16, 8>();
  var sum2_0 = subgroup_matrix_result<f32, 16, 8>();
  var sum2_1 = subgroup_matrix_result<f32, 16, 8>();
  var sum3_0 = subgroup_matrix_result<f32, 16, 8>();
  var sum3_1 = subgroup_matrix_result<f32, 16, 8>();
  var total = 0.0;
  for (var k = 0u; k < 36u; k += 32u) {
    {
      let depth = lane / 8u;
      let edge = (lane % 8u) * 4u;
      let step = min(k + depth, 35u);
      let position = min(tileRow + edge, 49u);
      let four = prologueA(load_a(step, position), step, position);
      tileA[depth * 36u + edge] = select(0.0, four.x, k + depth < 36u && tileRow + edge < 50u);
      tileA[depth * 36u + edge + 1u] = select(0.0, four.y, k + depth < 36u && tileRow + edge + 1u < 50u);
      tileA[depth * 36u + edge + 2u] = select(0.0, four.z, k + depth < 36u && tileRow + edge + 2u < 50u);
      tileA[depth * 36u + edge + 3u] = select(0.0, four.w, k + depth < 36u && tileRow + edge + 3u < 50u);
    }
    for (var load = 0u; load < 2u; load++) {
      let place = lane + load * 256u;
      let depth = place / 16u;
      let edge = (place % 16u) * 4u;
      let step = min(k + depth, 35u);
      let position = min(tileColumn + edge, 39u);
      let four = load_b(step, position);
      tileB[depth * 68u + edge] = select(0.0, four.x, k + depth < 36u && tileColumn + edge < 40u);
      tileB[depth * 68u + edge + 1u] = select(0.0, four.y, k + depth < 36u && tileColumn + edge + 1u < 40u);
      tileB[depth * 68u + edge + 2u] = select(0.0, four.z, k + depth < 36u && tileColumn + edge + 2u < 40u);
      tileB[depth * 68u + edge + 3u] = select(0.0, four.w, k + depth < 36u && tileColumn + edge + 3u < 40u);
    }
    workgroupBarrier();
    if (subgroup < 2u) {
      for (var depth = 0u; depth < 32u; depth += 8u) {
        let left0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, col_major>(&tileA, depth * 36u + partRow, 36u);
        let left1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, col_major>(&tileA, depth * 36u + partRow + 8u, 36u);
        let left2 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, col_major>(&tileA, depth * 36u + partRow + 16u, 36u);
        let left3 = subgroupMatrixLoad<subgroup_matrix_left<f32, 8, 8>, col_major>(&tileA, depth * 36u + partRow + 24u, 36u);
        let right0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 16, 8>, row_major>(&tileB, depth * 68u + partColumn, 68u);
        let right1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 16, 8>, row_major>(&tileB, depth * 68u + partColumn + 16u, 68u);
        sum0_0 = subgroupMatrixMultiplyAccumulate(left0, right0, sum0_0);
        sum0_1 = subgroupMatrixMultiplyAccumulate(left0, right1, sum0_1);
        sum1_0 = subgroupMatrixMultiplyAccumulate(left1, right0, sum1_0);
        sum1_1 = subgroupMatrixMultiplyAccumulate(left1, right1, sum1_1);
        sum2_0 = subgroupMatrixMultiplyAccumulate(left2, right0, sum2_0);
        sum2_1 = subgroupMatrixMultiplyAccumulate(left2, right1, sum2_1);
        sum3_0 = subgroupMatrixMultiplyAccumulate(left3, right0, sum3_0);
        sum3_1 = subgroupMatrixMultiplyAccumulate(left3, right1, sum3_1);
      }
    }
    for (var depth = 0u; depth < 32u; depth++) {
      total += f32(tileA[depth * 36u + min(lane, 31u)]);
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  if (subgroup < 2u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u, sum0_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 16u, sum0_1, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 128u; place += 256u) {
    let part = place / 64u;
    let row = tileRow + (part / 2u) * 32u + (place % 64u) / 8u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 50u && column < 40u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
  if (subgroup < 2u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u, sum1_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 16u, sum1_1, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 128u; place += 256u) {
    let part = place / 64u;
    let row = tileRow + (part / 2u) * 32u + (place % 64u) / 8u + 8u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 50u && column < 40u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
  if (subgroup < 2u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u, sum2_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 16u, sum2_1, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 128u; place += 256u) {
    let part = place / 64u;
    let row = tileRow + (part / 2u) * 32u + (place % 64u) / 8u + 16u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 50u && column < 40u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
  if (subgroup < 2u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u, sum3_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 16u, sum3_1, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 128u; place += 256u) {
    let part = place / 64u;
    let row = tileRow + (part / 2u) * 32u + (place % 64u) / 8u + 24u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 50u && column < 40u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
  if (lane < 32u && tileColumn == 0u && tileRow + lane < 50u) {
    rowSums[tileRow + lane] = total;
  }
}
