// out = x · mask, mask = 0 where the random word of the element says so, else 1/(1 - p)
// counter = [seed low, seed high, step]

@group(0) @binding(0) var<storage, read> x: array<f32, 13>;
@group(0) @binding(1) var<storage, read> counter: array<u32, 3>;
@group(0) @binding(2) var<storage, read_write> out: array<f32, 13>;
@group(0) @binding(3) var<storage, read_write> mask: array<f32, 13>;

fn multiplyWide(a: u32, b: u32) -> vec2u {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let middle2 = aLow * bHigh + (middle & 0xffffu);
  return vec2u(aHigh * bHigh + (middle >> 16u) + (middle2 >> 16u), a * b);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    let p0 = multiplyWide(0xd2511f53u, c.x);
    let p1 = multiplyWide(0xcd9e8d57u, c.z);
    c = vec4u(p1.x ^ c.y ^ k.x, p1.y, p0.x ^ c.w ^ k.y, p0.y);
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

fn uniformFloat(bits: u32) -> f32 {
  return f32(bits >> 8u) * 0x1p-24f;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 4u) {
    return;
  }
  let words = philox(vec4u(lane, counter[2], 3u, 2u), vec2u(counter[0], counter[1]));
  let first = lane * 4u;
  for (var i = 0u; i < 4u && first + i < 13u; i++) {
    let factor = select(0.0, 1.3333333333333333f, (words[i] >> 8u) >= 4194304u);
    mask[first + i] = factor;
    out[first + i] = x[first + i] * factor;
  }
}
