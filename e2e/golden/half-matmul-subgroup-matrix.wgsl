// out[m, n] = Σ over k of a[m, k] · b[k, n], with m < 68, n < 66, k < 32
enable f16, chromium_experimental_subgroup_matrix;

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

var<workgroup> tileA: array<f16, 1152>;
var<workgroup> tileB: array<f16, 1152>;
var<workgroup> strip: array<f32, 2048>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let group = workgroup.y * groups.x + workgroup.x;
  let tileRow = (group / 2u) * 64u;
  let tileColumn = (group % 2u) * 64u;
  let partRow = (subgroup / 2u) * 32u;
  let partColumn = (subgroup % 2u) * 32u;
  var sum0_0 = subgroup_matrix_result<f32, 16, 16>();
  var sum0_1 = subgroup_matrix_result<f32, 16, 16>();
  var sum1_0 = subgroup_matrix_result<f32, 16, 16>();
  var sum1_1 = subgroup_matrix_result<f32, 16, 16>();
  for (var k = 0u; k < 32u; k += 16u) {
    for (var load = 0u; load < 2u; load++) {
      let place = lane + load * 128u;
      let edge = place / 4u;
      let depth = (place % 4u) * 4u;
      let position = min(tileRow + edge, 67u);
      let step = min(k + depth, 31u);
      let four = load_a(position, step);
      tileA[depth * 72u + edge] = f16(select(0.0, four.x, tileRow + edge < 68u && k + depth < 32u));
      tileA[(depth + 1u) * 72u + edge] = f16(select(0.0, four.y, tileRow + edge < 68u && k + depth + 1u < 32u));
      tileA[(depth + 2u) * 72u + edge] = f16(select(0.0, four.z, tileRow + edge < 68u && k + depth + 2u < 32u));
      tileA[(depth + 3u) * 72u + edge] = f16(select(0.0, four.w, tileRow + edge < 68u && k + depth + 3u < 32u));
    }
    for (var load = 0u; load < 2u; load++) {
      let place = lane + load * 128u;
      let depth = place / 16u;
      let edge = (place % 16u) * 4u;
      let step = min(k + depth, 31u);
      let position = min(tileColumn + edge, 65u);
      let four = load_b(step, position);
      tileB[depth * 72u + edge] = f16(select(0.0, four.x, k + depth < 32u && tileColumn + edge < 66u));
      tileB[depth * 72u + edge + 1u] = f16(select(0.0, four.y, k + depth < 32u && tileColumn + edge + 1u < 66u));
      tileB[depth * 72u + edge + 2u] = f16(select(0.0, four.z, k + depth < 32u && tileColumn + edge + 2u < 66u));
      tileB[depth * 72u + edge + 3u] = f16(select(0.0, four.w, k + depth < 32u && tileColumn + edge + 3u < 66u));
    }
    workgroupBarrier();
    if (subgroup < 4u) {
      for (var depth = 0u; depth < 16u; depth += 16u) {
        let left0 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, col_major>(&tileA, depth * 72u + partRow, 72u);
        let left1 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, col_major>(&tileA, depth * 72u + partRow + 16u, 72u);
        let right0 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, row_major>(&tileB, depth * 72u + partColumn, 72u);
        let right1 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, row_major>(&tileB, depth * 72u + partColumn + 16u, 72u);
        sum0_0 = subgroupMatrixMultiplyAccumulate(left0, right0, sum0_0);
        sum0_1 = subgroupMatrixMultiplyAccumulate(left0, right1, sum0_1);
        sum1_0 = subgroupMatrixMultiplyAccumulate(left1, right0, sum1_0);
        sum1_1 = subgroupMatrixMultiplyAccumulate(left1, right1, sum1_1);
      }
    }
    // Nobody may overwrite a tile that somebody still reads.
    workgroupBarrier();
  }
  if (subgroup < 4u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 512u, sum0_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 512u + 16u, sum0_1, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 512u; place += 128u) {
    let part = place / 128u;
    let row = tileRow + (part / 2u) * 32u + (place % 128u) / 8u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 68u && column < 66u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
  if (subgroup < 4u) {
    subgroupMatrixStore<row_major>(&strip, subgroup * 512u, sum1_0, 32u);
    subgroupMatrixStore<row_major>(&strip, subgroup * 512u + 16u, sum1_1, 32u);
  }
  workgroupBarrier();
  for (var place = lane; place < 512u; place += 128u) {
    let part = place / 128u;
    let row = tileRow + (part / 2u) * 32u + (place % 128u) / 8u + 16u;
    let column = tileColumn + (part % 2u) * 32u + (place % 8u) * 4u;
    if (row < 68u && column < 66u) {
      let sum = vec4f(strip[place * 4u], strip[place * 4u + 1u], strip[place * 4u + 2u], strip[place * 4u + 3u]);
      store_out(row, column, sum);
    }
  }
  workgroupBarrier();
}
