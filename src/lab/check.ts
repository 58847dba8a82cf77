// The page's part of `npm run check`: runs one problem again, with a planted bug where one is asked for.
import { openDevice } from 'chainrule';
import { investigate, parseProblem, plantText, proofs, replay } from 'chainrule/gradcheck';
import type { Mutant } from 'chainrule/gradcheck';

/** What the command asks for. */
export interface CheckRequest {
  readonly line: string;
  /** `op: mutant name`, as proof records ship it. */
  readonly plant?: string;
}

/** What the page answers: a report in both forms, or what is wrong with the request. */
export type CheckAnswer =
  | { readonly kind: 'report'; readonly passed: boolean; readonly text: string; readonly json: unknown }
  | { readonly kind: 'refused'; readonly message: string };

function shipped(name: string): Mutant | undefined {
  const [op, mutant] = name.split(/: (.*)/s);
  return Object.hasOwn(proofs, op) ? proofs[op].mutants.find((one) => one.name === mutant) : undefined;
}

async function check({ line, plant }: CheckRequest): Promise<CheckAnswer> {
  try {
    parseProblem(line);
  } catch (error) {
    return { kind: 'refused', message: error instanceof Error ? error.message : String(error) };
  }
  const mutant = plant === undefined ? undefined : shipped(plant);
  if (plant !== undefined && !mutant) {
    const { op } = parseProblem(line);
    return { kind: 'refused', message: `--plant: needs a shipped bug such as ${proofs[op].mutants.slice(0, 3).map(({ name }) => `"${op}: ${name}"`).join(', ')}, got ${JSON.stringify(plant)}.` };
  }
  const device = await openDevice();
  let planted = 0;
  const options = mutant ? { alter: plantText(mutant, (launches) => { planted += launches; }) } : {};
  try {
    const report = await replay(device, line, options);
    if (mutant && planted === 0) return { kind: 'refused', message: `--plant: needs a bug of a kernel that this problem runs, got ${JSON.stringify(plant)}, whose text stands in none of them.` };
    const failed = report.samples.find((sample) => sample.report.blame);
    const smallest = failed && await investigate(device, failed.report, options);
    const found = smallest?.investigation;
    return { kind: 'report', passed: report.passed, text: [String(report), ...(found ? ['', found.text] : [])].join('\n'), json: { ...report.toJSON(), ...(found ? { investigation: found } : {}) } };
  } finally {
    device.destroy();
  }
}

Object.assign(globalThis, { chainruleCheck: check });
