import type { ErrorCode } from 'chainrule';
import { configure } from '../client.ts';
import { config, notice, type Notice } from '../store.ts';
import { count, t, type TextKey } from '../text.ts';

export interface Words {
  readonly title: string;
  readonly advice: string;
  /** The library's own sentence, with names and numbers. */
  readonly detail: string;
}

const titles: Readonly<Record<ErrorCode | 'unexpected', TextKey>> = {
  'no-webgpu': 'trouble.no-webgpu', 'insecure-origin': 'trouble.insecure-origin', 'no-adapter': 'trouble.no-adapter', 'device-lost': 'trouble.device-lost',
  diverged: 'trouble.diverged', data: 'trouble.files', format: 'trouble.files', option: 'trouble.settings', shape: 'trouble.settings', limit: 'trouble.memory',
  memory: 'trouble.memory', gpu: 'trouble.gpu', state: 'trouble.unexpected', busy: 'trouble.unexpected', gradients: 'trouble.unexpected', disposed: 'trouble.unexpected', aborted: 'trouble.unexpected',
  unexpected: 'trouble.unexpected',
};

/** Advice for this browser alone: a list of all of them helps nobody. */
function browserAdvice(): string {
  const { userAgent } = navigator;
  if (/Android/.test(userAgent)) return t('advice.android');
  if (/Firefox\//.test(userAgent)) return t('advice.firefox');
  if (/Chrome\//.test(userAgent)) return t(/Linux/.test(userAgent) ? 'advice.linux' : 'advice.chrome');
  if (/Safari\//.test(userAgent)) return t('advice.safari');
  return t('advice.other');
}

function adviceFor(code: ErrorCode | 'unexpected'): string {
  switch (code) {
    case 'no-webgpu': return browserAdvice();
    case 'insecure-origin': return t('advice.insecure');
    case 'no-adapter': return /Linux/.test(navigator.userAgent) && !/Android/.test(navigator.userAgent) ? t('advice.linux') : t('advice.adapter');
    case 'device-lost': return t('advice.lost');
    case 'diverged': return t('advice.diverged');
    case 'gpu': case 'unexpected': case 'state': case 'busy': case 'disposed': return t('advice.report');
    default: return '';
  }
}

/** What an error means for the reader, what to do, and the library's own sentence. */
export function wordsOf({ code, message }: { readonly code: ErrorCode | 'unexpected' | 'worker'; readonly message: string }): Words {
  if (code === 'worker') return { title: t('trouble.worker'), advice: t('advice.report'), detail: message };
  return { title: t(titles[code]), advice: adviceFor(code), detail: message };
}

function wordsFor(now: Notice): Words {
  if (now.kind === 'worker') return wordsOf({ code: 'worker', message: now.message });
  if (now.kind === 'bug-lost') return { title: t('bugLost', { name: now.name }), advice: '', detail: '' };
  if (now.kind === 'device-lost') return { title: t('deviceLost', { reason: now.reason, step: count(now.resumedAt) }), advice: '', detail: '' };
  return wordsOf(now.trouble);
}

/** What went wrong and what to do: above everything, and the page stays as it is. */
export function NoticeBar() {
  const now = notice.value;
  return <div role="alert" class="notice-place">{now && <Bar now={now} />}</div>;
}

function Bar({ now }: { now: Notice }) {
  const { title, advice, detail } = wordsFor(now);
  const fatal = now.kind === 'worker' || (now.kind === 'trouble' && now.trouble.effect === 'fatal');
  const code = now.kind === 'trouble' ? now.trouble.code : now.kind;
  return (
    <div class={`notice ${fatal ? 'fatal' : ''}`} data-testid="notice" data-code={code}>
      <div>
        <p class="notice-title">{title}</p>
        {advice && <p>{advice}</p>}
        {detail && <p class="small"><code>{detail}</code></p>}
      </div>
      <div class="buttons">
        {code === 'diverged' && <button type="button" data-testid="reset-lower" onClick={() => configure({ lr: config.value.lr / 10 }, true)}>{t('resetLower')}</button>}
        {fatal && <button type="button" onClick={() => location.reload()}>{t('tryAgain')}</button>}
        {!fatal && <button type="button" data-testid="dismiss" onClick={() => { notice.value = undefined; }}>{t('dismiss')}</button>}
      </div>
    </div>
  );
}
