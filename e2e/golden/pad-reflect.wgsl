// out[place] = x[source(place)], out [3, 11], x [3, 5]

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 33>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 33u) {
    return;
  }
  var rest = lane;
  var index = 0u;
  {
    let place = rest % 11u;
    rest = rest / 11u;
    index += u32(4i - abs(4i - abs(i32(place) - 2i)));
  }
  {
    let place = rest;
    index += place * 5u;
  }
  out[lane] = x[index];
}
