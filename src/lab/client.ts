// The page's end of the worker.
import { config, held, notice, receive, status } from './store.ts';
import { defaultConfig, type Config, type DataName } from './config.ts';
import type { Command, Event } from './protocol.ts';

const worker = new Worker(new URL('./worker/main.ts', import.meta.url), { type: 'module', name: 'training' });

worker.addEventListener('message', ({ data }: MessageEvent<Event>) => receive(data));
worker.addEventListener('error', (event) => {
  status.value = 'error';
  notice.value = { kind: 'worker', message: event.message ?? '' };
});

function send(command: Command): void {
  worker.postMessage(command);
}

/** Builds the net with other settings. */
export function configure(change: Partial<Config>, start?: boolean): void {
  config.value = { ...config.value, ...change };
  send({ type: 'configure', config: config.value, ...(start === undefined ? {} : { start }) });
}

export function chooseData(data: DataName): void {
  configure(defaultConfig(data, config.value.seed));
}

export const toggle = (): void => send({ type: status.value === 'training' ? 'pause' : 'start' });
export const step = (count = 1): void => send({ type: 'step', count });
export const reset = (): void => send({ type: 'reset' });
export const check = (): void => send({ type: 'check' });
export const askForBugs = (): void => send({ type: 'bugs' });
export const plant = (id: string): void => send({ type: 'plant', id });
export const repair = (): void => send({ type: 'repair' });
/** Lets the training's steps wait, or go on. */
export function hold(on: boolean): void {
  held.value = on;
  send({ type: 'hold', on });
}
export const dropFiles = (files: readonly File[]): void => send({ type: 'files', files });
