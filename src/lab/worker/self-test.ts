// The self-test's worker: a device of its own, so that whatever happens to it leaves the training alone.
import { openDevice } from 'chainrule';
import { selfTest } from 'chainrule/gradcheck';
import type { SelfTestEvent, SelfTestRequest } from '../self-test-protocol.ts';
import { troubleOf } from './trouble.ts';

const post = (event: SelfTestEvent): void => postMessage(event);

async function run({ all }: SelfTestRequest): Promise<void> {
  try {
    const device = await openDevice();
    post({ type: 'adapter', facts: device.facts });
    const test = await selfTest(device, { all, onProgress: (progress) => post({ type: 'progress', ...progress }) });
    post({ type: 'result', test: { ...test }, markdown: test.toMarkdown(), json: JSON.stringify(test, null, 2) });
    device.destroy();
  } catch (error) {
    post({ type: 'trouble', trouble: troubleOf(error, 'stopped') });
  }
}

addEventListener('message', ({ data }: MessageEvent<SelfTestRequest>) => { void run(data); });
