// What every command shares: the Node check, options, and how it ends. Only Node's own modules: it runs before npm ci.
import process from 'node:process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const oldestNode = [20, 19];

/** Ends the command with this message and code, without a stack: the user can do something about it. */
export class CommandError extends Error {
  /** @param {string} message @param {number} [code] */
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

/** The message for a Node that is too old, or undefined. @param {string} version @returns {string | undefined} */
export function nodeTooOld(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  const fits = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return fits ? undefined
    : `chainrule: needs Node ${oldestNode.join('.')} or newer, got ${version}. Install a current one from https://nodejs.org.`;
}

/**
 * @typedef {{ type: 'flag' } | { type: 'value', check?: (text: string) => string | undefined }} OptionRule
 * `check` returns the rule that the text breaks, or undefined.
 */

/**
 * Reads `--name`, `--name value` and `--name=value`; anything else is an error, because an ignored option looks like one that worked.
 * @param {string} who the command as the user typed it, for messages
 * @param {Record<string, OptionRule>} rules
 * @param {readonly string[]} args
 * @returns {Record<string, string | true>}
 */
export function readOptions(who, rules, args) {
  /** @type {Record<string, string | true>} */
  const options = {};
  const usage = (/** @type {string} */ text) => new CommandError(`${who}: ${text} ${who} -- --help lists the options.`, 2);
  for (let i = 0; i < args.length; i++) {
    const [, name, inline] = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(args[i]) ?? [];
    if (name === undefined || !Object.hasOwn(rules, name)) throw usage(`unknown option ${JSON.stringify(args[i])}.`);
    if (Object.hasOwn(options, name)) throw usage(`--${name} is given twice.`);
    const rule = rules[name];
    if (rule.type === 'flag') {
      if (inline !== undefined) throw usage(`--${name} takes no value.`);
      options[name] = true;
      continue;
    }
    const value = inline ?? args[++i];
    if (value === undefined) throw usage(`--${name} needs a value.`);
    const broken = rule.check?.(value);
    if (broken) throw usage(`--${name} needs ${broken}, got ${JSON.stringify(value)}.`);
    options[name] = value;
  }
  return options;
}

/** @param {string} text @returns {string | undefined} */
export function portRule(text) {
  const port = Number(text);
  return /^\d+$/.test(text) && port >= 1 && port <= 65_535 ? undefined : 'a port from 1 to 65535';
}

/**
 * Runs `main` if `moduleUrl` is the program that was started (and not a module that a test imports).
 * @param {string} moduleUrl
 * @param {(args: string[]) => Promise<number | void>} main returns the exit code
 */
export async function runIfStarted(moduleUrl, main) {
  if (!process.argv[1] || pathToFileURL(resolve(process.argv[1])).href !== moduleUrl) return;
  const tooOld = nodeTooOld(process.version);
  try {
    if (tooOld) throw new CommandError(tooOld);
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    const known = error instanceof CommandError;
    console.error(known ? error.message : error);
    process.exitCode = known ? error.code : 1;
  }
}
