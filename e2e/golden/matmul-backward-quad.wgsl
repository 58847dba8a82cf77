// out[m, n] = Σ over k of reluBackward(a[k, m], operand0) · b[k, n], with m < 12, n < 8, k < 16
// rowSums[m] = Σ over k of reluBackward(a[k, m], operand0)
enable subgroups;

@group(0) @binding(0) var<storage, read> a: array<vec4f, 48>;
@group(0) @binding(1) var<storage, read> b: array<vec4f, 32>;
@group(0) @binding(2) var<storage, read> operand0: array<vec4f, 48>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f, 24>;
@group(0) @binding(4) var<storage, read_write> rowSums: array<f32, 12>;

alias Value = vec4f;

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 8u + column) / 4u] = value;
}

fn load_operand0(row: u32, column: u32) -> Value {
  return operand0[(row * 12u + column) / 4u];
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

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 8u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 1u);
  let tile = quad / 1u;
  let wantedFour = (quad % 1u) * 4u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let four = min(wantedFour, 1u);
  let place0 = place;
  let place1 = (place ^ 1u) % 4u;
  let place2 = (place ^ 2u) % 4u;
  let place3 = (place ^ 3u) % 4u;
  let row0 = min(tile * 2u, 2u);
  let row1 = min(tile * 2u + 1u, 2u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var sum4 = vec4f(0.0);
  var sum5 = vec4f(0.0);
  var sum6 = vec4f(0.0);
  var sum7 = vec4f(0.0);
  for (var k = 0u; k < 4u; k++) {
    let b0 = b[(k * 4u + place0) * 2u + four];
    let b1 = b[(k * 4u + place1) * 2u + four];
    let b2 = b[(k * 4u + place2) * 2u + four];
    let b3 = b[(k * 4u + place3) * 2u + four];
    let columns = mat4x4f(
      vec4f(b0.x, b1.x, b2.x, b3.x),
      vec4f(b0.y, b1.y, b2.y, b3.y),
      vec4f(b0.z, b1.z, b2.z, b3.z),
      vec4f(b0.w, b1.w, b2.w, b3.w),
    );
    {
      let a0 = prologueA(a[(k * 4u + place) * 3u + row0], k * 4u + place, row0 * 4u);
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 += vec4f(a0.x, a1.x, a2.x, a3.x) * columns;
      sum1 += vec4f(a0.y, a1.y, a2.y, a3.y) * columns;
      sum2 += vec4f(a0.z, a1.z, a2.z, a3.z) * columns;
      sum3 += vec4f(a0.w, a1.w, a2.w, a3.w) * columns;
    }
    {
      let a0 = prologueA(a[(k * 4u + place) * 3u + row1], k * 4u + place, row1 * 4u);
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 += vec4f(a0.x, a1.x, a2.x, a3.x) * columns;
      sum5 += vec4f(a0.y, a1.y, a2.y, a3.y) * columns;
      sum6 += vec4f(a0.z, a1.z, a2.z, a3.z) * columns;
      sum7 += vec4f(a0.w, a1.w, a2.w, a3.w) * columns;
    }
  }
  let firstOfTile = tile * 8u;
  if (isLive && wantedFour < 2u) {
    let column = four * 4u;
    for (var part = 0u; part < 2u; part++) {
      let firstOfPart = firstOfTile + part * 4u;
      let isLower = part >= 1u;
      let chosen0 = select(sum0, sum4, isLower);
      if (firstOfPart < 12u) {
        store_out(firstOfPart, column, chosen0);
      }
      let chosen1 = select(sum1, sum5, isLower);
      if (firstOfPart + 1u < 12u) {
        store_out(firstOfPart + 1u, column, chosen1);
      }
      let chosen2 = select(sum2, sum6, isLower);
      if (firstOfPart + 2u < 12u) {
        store_out(firstOfPart + 2u, column, chosen2);
      }
      let chosen3 = select(sum3, sum7, isLower);
      if (firstOfPart + 3u < 12u) {
        store_out(firstOfPart + 3u, column, chosen3);
      }
    }
  }
  // The first quad of a row of tiles adds up A's rows, four in each lane: in a loop of its own, which costs the other quads nothing.
  if (isLive && wantedFour == place && place < 2u) {
    let four0 = min(tile * 2u + place, 2u);
    var total0 = vec4f(0.0);
    for (var k = 0u; k < 16u; k++) {
      total0 += prologueA(a[k * 3u + four0], k, four0 * 4u);
    }
    let first0 = firstOfTile + place * 4u;
    if (first0 < 12u) {
      rowSums[first0] = total0.x;
    }
    if (first0 + 1u < 12u) {
      rowSums[first0 + 1u] = total0.y;
    }
    if (first0 + 2u < 12u) {
      rowSums[first0 + 2u] = total0.z;
    }
    if (first0 + 3u < 12u) {
      rowSums[first0 + 3u] = total0.w;
    }
  }
}
