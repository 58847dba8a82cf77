// Runs in the page before everything else: counts calls to WebGPU from outside, so that the library need not be trusted on them.

/** Self-contained: it travels to the page as text. */
export function countCalls() {
  /** @type {import('../lab/verify-result.ts').VerifyCounts} */
  const counts = { submits: 0, dispatches: 0, buffers: 0, bindGroups: 0 };
  /** @param {any} owner @param {string} method @param {keyof typeof counts} name */
  const count = (owner, method, name) => {
    if (!owner) return;
    const original = owner.prototype[method];
    owner.prototype[method] = function counted(/** @type {unknown[]} */ ...args) {
      counts[name]++;
      return original.apply(this, args);
    };
  };
  const page = /** @type {any} */ (globalThis);
  count(page.GPUQueue, 'submit', 'submits');
  count(page.GPUComputePassEncoder, 'dispatchWorkgroups', 'dispatches');
  count(page.GPUComputePassEncoder, 'dispatchWorkgroupsIndirect', 'dispatches');
  count(page.GPUDevice, 'createBuffer', 'buffers');
  count(page.GPUDevice, 'createBindGroup', 'bindGroups');
  page.chainruleVerifyCounts = () => ({ ...counts });
}
