// out[lane] = (lane, and the lanes that quadSwapX, quadSwapY, quadSwapDiagonal exchange it with)
enable subgroups;

@group(0) @binding(0) var<storage, read_write> out: array<vec4u, 64>;

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) invocation: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = invocation.y * (groups.x * 16u) + invocation.x;
  let isLive = lane < 64u;
  let place = lane % 4u;
  let quad = min(lane / 4u, 15u);
  let number = quad * 4u + place;
  let exchanged = vec4u(number, quadSwapX(number), quadSwapY(number), quadSwapDiagonal(number));
  if (isLive) {
    out[number] = exchanged;
  }
}
