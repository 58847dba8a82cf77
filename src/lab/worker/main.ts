// The training worker: everything that touches the GPU or the library. The page stays free to draw and to answer.
import type { Command } from '../protocol.ts';
import { Session } from './session.ts';

const session = new Session((event, transfer = []) => postMessage(event, { transfer }));

addEventListener('message', ({ data }: MessageEvent<Command>) => session.handle(data));
