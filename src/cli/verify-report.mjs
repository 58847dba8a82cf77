// Judges what the page measured and prints it for people. No browser here: tests feed it by hand.

/** @typedef {import('../lab/verify-result.ts').VerifyMeasured} Measured */
/** @typedef {import('../lab/verify-result.ts').VerifyResult} Result */
/** @typedef {Measured['selfTest']['ops'][number]} TestedOp */

/** The least test accuracy that passes: with seed 42 the net reaches 94.1 % on MNIST and 98.3 % on drawn digits. */
export const requiredAccuracy = { mnist: 0.93, digits: 0.96 };

/** The least part of all gradient elements that must be proven: the rest may be smaller than rounding noise. */
const requiredProven = 0.9;

/**
 * What is wrong with a measurement, one sentence each. It trusts no summary of the page: a count of zero passes nothing.
 * @param {Measured} measured @returns {string[]}
 */
export function judge(measured) {
  const { adapter, selfTest, data, training, step, gradients, test } = measured;
  const problems = [];
  if (selfTest.ops.length === 0) problems.push('The self-test tested no op.');
  for (const op of selfTest.ops) {
    if (!holds(op)) problems.push(`Self-test: ${op.op} is not proven (${op.verdict}): ${complaint(op)}.`);
  }
  if (!adapter) problems.push('The adapter has no name.');
  for (const when of /** @type {const} */ (['before', 'after'])) {
    const { passed, verdict, checked, total, proven, worst } = gradients[when];
    if (!passed) problems.push(`Gradients ${when} training are not proven (${verdict}): ${worst.tensor} is off by ${worst.error}, allowed are ${worst.allowed}.`);
    if (!(checked > 0 && checked === total)) problems.push(`Gradients ${when} training: ${checked} of ${total} were checked, all must be.`);
    if (!(proven >= requiredProven * total)) problems.push(`Gradients ${when} training: ${proven} of ${total} are proven, ${percent(requiredProven)} must be; the others are smaller than rounding noise.`);
    if (!(worst.error <= worst.allowed)) problems.push(`Gradients ${when} training: the worst error ${worst.error} is beyond ${worst.allowed}.`);
  }
  if (!(training.steps > 0)) problems.push(`Training made ${training.steps} steps.`);
  if (!(training.lastLoss < training.firstLoss)) problems.push(`The loss went from ${training.firstLoss} to ${training.lastLoss}.`);
  if (!(data.test > 0)) problems.push(`The test set has ${data.test} digits.`);
  const required = requiredAccuracy[data.source];
  if (!(test.accuracy >= required)) problems.push(`Accuracy is ${percent(test.accuracy)} on ${data.name}, required is ${percent(required)}.`);
  if (step.submits !== 1) problems.push(`A step submits ${step.submits} times, it must submit once.`);
  if (!(step.dispatches > 0)) problems.push(`A step dispatches ${step.dispatches} kernels.`);
  if (step.buffersCreated !== 0 || step.bindGroupsCreated !== 0) {
    problems.push(`A step creates ${step.buffersCreated} buffers and ${step.bindGroupsCreated} bind groups, it must create none.`);
  }
  return problems;
}

/** Whether an op was tested and held; a margin that is no number passes nothing. @param {TestedOp} op */
function holds({ passed, runs, failed, elements, margin }) {
  return passed && runs > 0 && failed === 0 && elements > 0 && margin <= 1;
}

/** @param {TestedOp} op */
function complaint({ error, failure, runs, failed, margin, worstSigma, conventions }) {
  const broken = conventions.find(({ passed }) => !passed);
  if (error !== undefined) return error.split('\n')[0].replace(/\.$/, '');
  if (failure) return `${failed} of ${runs} runs fail, worst ${worstSigma} σ; sample ${failure.sample}: ${failure.text.split('\n')[0]}`;
  if (broken) return `convention ${broken.name}: ${broken.got}`;
  return `${runs} runs, worst difference ${margin} of the tolerance`;
}

/** @param {Measured['selfTest']} test */
function selfTestText({ ops, kernels, seconds }) {
  const proven = ops.filter(holds).length;
  const [worst] = ops.toSorted((a, b) => b.worstSigma - a.worstSigma);
  const elements = ops.reduce((sum, op) => sum + op.elements, 0);
  return `${proven} of ${ops.length} ops proven${worst ? `, worst ${short(worst.worstSigma)} σ (${worst.op})` : ''}, ${grouped(elements)} elements, `
    + `${kernels.count} kernels ${kernels.hash.slice(0, 8)}, ${seconds.total.toFixed(1)} s`;
}

/** @param {number} fraction */
function percent(fraction) {
  return `${(fraction * 100).toFixed(2)} %`;
}

/** @param {number} value */
function short(value) {
  return Number(value.toPrecision(3)).toString();
}

/** @param {number} value */
function grouped(value) {
  return value.toLocaleString('en-US');
}

/** @param {Measured['gradients']['before']} proof */
function proofText({ passed, verdict, checked, total, proven, worst }) {
  return `${grouped(proven)} of ${grouped(total)} proven${passed ? '' : `, but NOT ALL RIGHT (${verdict})`}, ${grouped(checked)} of ${grouped(total)} checked, `
    + `worst error ${short(worst.error)} of ${short(worst.allowed)} allowed (${worst.tensor})`;
}

/** The result as a table of two columns, and the verdict. @param {Result} result @returns {string} */
export function table({ measured, problems, passed, browser, requiredAccuracy: required, version }) {
  /** @type {[string, string][]} */
  const rows = [['chainrule', version], ['browser', browser ?? 'none']];
  if (measured) {
    const { adapter, selfTest, data, net, training, step, gradients, test } = measured;
    rows.push(
      ['adapter', adapter],
      ['self-test', selfTestText(selfTest)],
      ['data', `${data.name}: ${grouped(data.train)} to train, ${grouped(data.test)} to test`],
      ['net', `${net.layers}, ${grouped(net.parameters)} parameters`],
      ['training', `${training.optimizer}, learning rate ${training.learningRate}, batch ${training.batchSize}, ${training.epochs} epochs, `
        + `${grouped(training.steps)} steps in ${training.seconds.toFixed(1)} s, seed ${training.seed}`],
      ['loss', `${short(training.firstLoss)} -> ${short(training.lastLoss)}, on test digits ${short(test.loss)}`],
      ['gradients before', proofText(gradients.before)],
      ['gradients after', proofText(gradients.after)],
      ['accuracy', `${percent(test.accuracy)} (required ${percent(required ?? NaN)})`],
      ['a step', `${step.ms.toFixed(2)} ms, ${step.dispatches} dispatches, ${step.submits} submit, `
        + `${step.buffersCreated} buffers and ${step.bindGroupsCreated} bind groups created`],
    );
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
  return [...lines, '', ...problems.map((problem) => `- ${problem}`), passed ? 'Verified.' : 'NOT verified.'].join('\n');
}
