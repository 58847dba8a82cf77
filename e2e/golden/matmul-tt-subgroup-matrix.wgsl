// out[m, n] = Σ over k of a[k, m] · b[n, k], with m < 40, n < 44, k < 20
enable chromium_experimental_subgroup_matrix;

@group(0) @binding(0) var<storage, read> a: array<vec4f, 200>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 220>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f, 440>;

alias Value = vec4f;

fn load_a(row: u32, column: u32) -> Value {
  return a[(row * 40u + column) / 4u];
}

fn load_b(row: u32, column: u32) -> Value {
  return b[(row * 20u + column) / 4u];
}

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 44u + column) / 4u] = value;
}

var<workgroup> tileA: array<f32, 1088>;
var<workgroup> tileB: array<f32, 1088>;
var<workgroup> strip: array<f32, 1024>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let tileRow = (group / 1u) * 64u;
  let tileColumn = (group % 1u) * 64u;
  let partRow = (subgroup / 2u) * 32u;
  let partColumn = (subgroup % 2u) * 32u;
  var sum0_0 = subgroup_matrix_result<f32, 8, 8>();
  var sum0_1 = subgroup_matrix_result<f32, 8, 8>();
  var sum0_2 = subgroup_matrix_result<f32, 8, 8>();
  var sum0_3 = subgroup_matrix_result<f32, 8, 8>();
  var sum1_0 = subgroup_matrix_result<f32, 8, 8>();
  var sum1_1 = subgroup_matrix_result<f32, 8, 8>();
  var sum1_2 = subgroup_matrix_result<f32, 8, 8>();
  var sum1_3 = subgroup_matrix_result<f32, 8, 8>();
  var sum2_0 = subgroup_matrix_result<f32, 8, 8>();
  var sum2_1 = subgroup_matrix_result<f32, 8, 8>();
  var sum2_2 = subgroup_matrix_result<f32, 8, 8>();
  var sum2_3 = subgroup_matrix_result<f32, 8, 8>();
  var sum3_0 = subgroup_matrix_result<f32, 8, 8>();
  var sum3_1 = subgroup_matrix_result<f32, 8, 8>();
  var sum3_2 = subgroup_matrix_result<f32, 8, 8>();
  var sum3_3 = subgroup_matrix_result<f32, 8, 8>();
  for (var k = 0u; k < 20u; k += 16u) {
    {
      let depth = lane / 16u;
      let edge = (lane % 16u) * 4u;
      let step = min(k + depth, 19u);
      let position = min(tileRow + edge, 39u);
      let four = load_a(step, position);
      tileA[depth * 68u + edge] = select(0.0, four.x, k + depth < 20u && tileRow + edge < 40u);
      tileA[depth * 68u + edge + 1u] = select(0.0, four.y, k + depth < 20u && tileRow + edge + 1u < 40u);
      tileA[depth * 68u + edge + 2u] = select(0.0, four.z, k + depth < 20u && tileRow + edge + 2u < 40u);
      tileA[depth * 68u + edge + 3u] = select(0.0, four.w, k + depth < 20u && tileRow + edge + 3u < 40u);
    }
    {
      let edge = lane / 4u;
      let depth = (lane % 4u) * 4u;
      let position = min(tileColumn + edge, 43u);
      let step = min(k + depth, 19u);
      let four = load_b(position, step);
      tileB[depth * 68u + edge] = select(0.0, four.x, tileColumn + edge < 44u && k + depth < 20u);
      tileB[(depth + 1u) * 68u + edge] = select(0.0, four.y, tileColumn + edge < 44u && k + depth + 1u < 20u);
      tileB[(depth + 2u) * 68u + edge] = select(0.0, four.z, tileColumn + edge < 44u && k + depth + 2u < 20u);
      tileB[(depth + 3u) * 68u + edge] = select(0.0, four.w, tileColumn + edge < 44u && k + depth + 3u < 20u);
    }
    workgroupBarrier();
    if (subgroup < 4u) {
      for (var depth = 0u; depth < 16u; depth += 4u) {
        let left0 = subgroupMatrixLoad<subgroup_matrix_left<f32, 4, 8>, col_major>(&tileA, depth * 68u + partRow, 68u);
        let left1 = subgroupMatrixLoad<subgroup_matrix_left<f32, 4, 8>, col_major>(&tileA, depth * 68u + partRow + 8u, 68u);
        let left2 = subgroupMatrixLoad<subgroup_matrix_left<f32, 4, 8>, col_major>(&tileA, depth * 68u + partRow + 16u, 68u);
        let left3 = subgroupMatrixLoad<subgroup_matrix_left<f32, 4, 8>, col_major>(&tileA, depth * 68u + partRow + 24u, 68u);
        let right0 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 4>, row_major>(&tileB, depth * 68u + partColumn, 68u);
        let right1 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 4>, row_major>(&tileB, depth * 68u + partColumn + 8u, 68u);
        let right2 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 4>, row_major>(&tileB, depth * 68u + partColumn + 16u, 68u);
        let right3 = subgroupMatrixLoad<subgroup_matrix_right<f32, 8, 4>, row_major>(&tileB, depth * 68u + partColumn + 24u, 68u);
        sum0_0 = subgroupMatrixMultiplyAccumulate(left0, right0, sum0_0);
        sum0_1 = subgroupMatrixMultiplyAccumulate(left0, right1, sum0_1);
        sum0_2 = subgroupMatrixMultiplyAccumulate(left0, right2, sum0_2);
        sum0_3 = subgroupMatrixMultiplyAccumulate(left0, right3, sum0_3);
        sum1_0 = subgroupMatrixMultiplyAccumulate(left1, right0, sum1_0);
        sum1_1 = subgroupMatrixMultiplyAccumulate(left1, right1, sum1_1);
        sum1_2 = subgroupMatrixMultiplyAccumulate(left1, right2, sum1_2);
        sum1_3 = subgroupMatrixMultiplyAccumulate(left1, right3, sum1_3);
        sum2_0 = subgroupMatrixMultiplyAccumulate(left2, right0, sum2_0);
        sum2_1 = subgroupMatrixMultiplyAccumulate(left2, right1, sum2_1);
        sum2_2 = subgroupMatrixMultiplyAccumulate(left2, right2, sum2_2);
        sum2_3 = subgroupMatrixMultiplyAccumulate(left2, right3, sum2_3);
        sum3_0 = subgroupMatrixMultiplyAccumulate(left3, right0, sum3_0);
        sum3_1 = subgroupMatrixMultiplyAccumulate(left3, right1, sum3_1);
        sum3_2 = subgroupMatrixMultiplyAccumulate(left3, right2, sum3_2);
        sum3_3 = subgroupMatrixMultiplyAccumulate(left3, right3, sum3_3);
      }
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  if (subgroup < 4u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u, sum0_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 8u, sum0_1, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 16u, sum0_2, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 24u, sum0_3, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 256u; place += 256u) {
    let part = place / 64u;
    let row = tileRow + (part / 2u) * 32u + (place % 64u) / 8u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 40u && column < 44u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
  if (subgroup < 4u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u, sum1_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 8u, sum1_1, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 16u, sum1_2, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 24u, sum1_3, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 256u; place += 256u) {
    let part = place / 64u;
    let row = tileRow + (part / 2u) * 32u + (place % 64u) / 8u + 8u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 40u && column < 44u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
  if (subgroup < 4u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u, sum2_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 8u, sum2_1, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 16u, sum2_2, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 24u, sum2_3, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 256u; place += 256u) {
    let part = place / 64u;
    let row = tileRow + (part / 2u) * 32u + (place % 64u) / 8u + 16u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 40u && column < 44u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
  if (subgroup < 4u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u, sum3_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 8u, sum3_1, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 16u, sum3_2, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 256u + 24u, sum3_3, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 256u; place += 256u) {
    let part = place / 64u;
    let row = tileRow + (part / 2u) * 32u + (place % 64u) / 8u + 24u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 40u && column < 44u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
}
