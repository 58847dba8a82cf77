import { useEffect, useRef } from 'preact/hooks';
import { check } from '../client.ts';
import { canTrain, report, verdict, type Verdict } from '../store.ts';
import { count, t } from '../text.ts';
import { opened } from './dialog.tsx';

type Tone = 'none' | 'busy' | 'good' | 'bad' | 'unclear';

/** Green only for a proof: a check that compared nothing says nothing. */
function describe(now: Verdict): { text: string; tone: Tone } {
  if (now.kind === 'unchecked') return { text: t('unchecked'), tone: 'none' };
  if (now.kind === 'failed') return { text: t('checkFailed'), tone: 'unclear' };
  if (now.kind === 'checking') return { text: t('checking', { percent: Math.floor((100 * now.checked) / Math.max(1, now.total)) }), tone: 'busy' };
  const { verdict: kind, proven, total, tensors } = now.report;
  const failed = tensors.reduce((sum, tensor) => sum + tensor.failed, 0);
  switch (kind) {
    case 'pass': case 'kink': return { text: t('proven', { proven: count(proven), total: count(total) }), tone: 'good' };
    case 'fail': case 'unwritten': return { text: failed === 0 ? t('wrongForward') : t('wrong', { failed: count(failed), total: count(total) }), tone: 'bad' };
    case 'nothing-to-check': return { text: t('nothing'), tone: 'unclear' };
    default: return { text: t('unclear', { proven: count(proven), total: count(total) }), tone: 'unclear' };
  }
}

export function VerdictChip() {
  const { text, tone } = describe(verdict.value);
  const at = verdict.value.kind === 'report' ? t('checkedAt', { step: count(verdict.value.step) }) : '';
  return (
    <div class="verdict">
      <button type="button" class={`chip ${tone}`} disabled={!report.value} aria-haspopup="dialog" title={t('openReport')} data-testid="verdict" onClick={() => { opened.value = 'report'; }}>
        {text}
      </button>
      <div class="beside">
        <span class="small">{at}</span>
        <button type="button" class="link" disabled={!canTrain.value} onClick={check} data-testid="check">{t('checkNow')}</button>
      </div>
    </div>
  );
}

/** Says a new verdict aloud, and nothing else: a voice on every step would be noise. */
export function Announcer() {
  const said = useRef('');
  const now = verdict.value;
  if (now.kind === 'report' || now.kind === 'failed') said.current = describe(now).text;
  useEffect(() => {
    if (now.kind === 'unchecked') said.current = '';
  }, [now]);
  return <div class="visually-hidden" role="status">{said.current}</div>;
}
