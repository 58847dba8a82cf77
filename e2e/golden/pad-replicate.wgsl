// out[place] = x[source(place)], out [4, 11], x [3, 5]

@group(0) @binding(0) var<storage, read> x: array<f32, 15>;
@group(0) @binding(1) var<storage, read_write> out: array<f32, 44>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 64u) + invocation.x;
  if (lane >= 44u) {
    return;
  }
  var rest = lane;
  var index = 0u;
  {
    let place = rest % 11u;
    rest = rest / 11u;
    index += u32(clamp(i32(place) - 2i, 0i, 4i));
  }
  {
    let place = rest;
    index += (u32(clamp(i32(place) - 1i, 0i, 2i))) * 5u;
  }
  out[lane] = x[index];
}
