// out[m, n] = Σ over k of a[m, k] · b[k, n], with m < 7, n < 12, k < 8
enable f16, subgroups;

@group(0) @binding(0) var<storage, read> a: array<vec4h, 14>;
@group(0) @binding(1) var<storage, read> b: array<vec4h, 24>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4h, 21>;

// f16 of x, infinite beyond 65504 on every device.
fn toHalf(x: f32) -> f16 {
  let infinite = bitcast<vec2h>(((bitcast<u32>(x) >> 16u) & 0x8000u) | 0x7c00u).x;
  return select(f16(x), infinite, abs(x) > 65504.0);
}

fn toHalves(x: vec4f) -> vec4h {
  return vec4h(toHalf(x.x), toHalf(x.y), toHalf(x.z), toHalf(x.w));
}

alias Value = vec4f;

fn store_out(row: u32, column: u32, value: Value) {
  out[(row * 12u + column) / 4u] = toHalves(value);
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 4u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 0u);
  let tile = quad / 1u;
  let wantedFour = (quad % 1u) * 4u + place;
  // Lanes beyond the edge do the last lane's work again: their neighbours need what they load.
  let four = min(wantedFour, 2u);
  let place0 = place;
  let place1 = (place ^ 1u) % 4u;
  let place2 = (place ^ 2u) % 4u;
  let place3 = (place ^ 3u) % 4u;
  let row0 = min(tile * 8u + place, 6u);
  let row1 = min(tile * 8u + 4u + place, 6u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  var sum4 = vec4f(0.0);
  var sum5 = vec4f(0.0);
  var sum6 = vec4f(0.0);
  var sum7 = vec4f(0.0);
  for (var k = 0u; k < 2u; k++) {
    let b0 = vec4f(b[(k * 4u) * 3u + four]);
    let b1 = vec4f(b[(k * 4u + 1u) * 3u + four]);
    let b2 = vec4f(b[(k * 4u + 2u) * 3u + four]);
    let b3 = vec4f(b[(k * 4u + 3u) * 3u + four]);
    let columns = mat4x4f(
      vec4f(b0.x, b1.x, b2.x, b3.x),
      vec4f(b0.y, b1.y, b2.y, b3.y),
      vec4f(b0.z, b1.z, b2.z, b3.z),
      vec4f(b0.w, b1.w, b2.w, b3.w),
    );
    {
      let a0 = vec4f(a[row0 * 2u + k]);
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum0 += a0 * columns;
      sum1 += a1 * columns;
      sum2 += a2 * columns;
      sum3 += a3 * columns;
    }
    {
      let a0 = vec4f(a[row1 * 2u + k]);
      let a1 = quadSwapX(a0);
      let a2 = quadSwapY(a0);
      let a3 = quadSwapDiagonal(a0);
      sum4 += a0 * columns;
      sum5 += a1 * columns;
      sum6 += a2 * columns;
      sum7 += a3 * columns;
    }
  }
  let firstOfTile = tile * 8u;
  if (isLive && wantedFour < 3u) {
    let column = four * 4u;
    for (var part = 0u; part < 2u; part++) {
      let firstOfPart = firstOfTile + part * 4u;
      let isLower = part >= 1u;
      let chosen0 = select(sum0, sum4, isLower);
      if (firstOfPart + place0 < 7u) {
        store_out(firstOfPart + place0, column, chosen0);
      }
      let chosen1 = select(sum1, sum5, isLower);
      if (firstOfPart + place1 < 7u) {
        store_out(firstOfPart + place1, column, chosen1);
      }
      let chosen2 = select(sum2, sum6, isLower);
      if (firstOfPart + place2 < 7u) {
        store_out(firstOfPart + place2, column, chosen2);
      }
      let chosen3 = select(sum3, sum7, isLower);
      if (firstOfPart + place3 < 7u) {
        store_out(firstOfPart + place3, column, chosen3);
      }
    }
  }
}
