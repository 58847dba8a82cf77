import { useEffect, useRef } from 'preact/hooks';
import { repair } from '../client.ts';
import type { CheckedStep } from '../protocol.ts';
import { planted, report, verdict } from '../store.ts';
import { count, t } from '../text.ts';
import { opened } from './dialog.tsx';

/** Says as long as a bug is in the kernels, beside what the check has found out about it. */
export function PlantedBar() {
  const now = planted.value;
  const bar = useRef<HTMLElement>(null);
  // On a small screen the button that planted it is far below.
  useEffect(() => bar.current?.scrollIntoView({ block: 'nearest' }), [now?.bug.id]);
  if (!now) return null;
  const { bug, step } = now;
  const found = report.value?.planted?.id === bug.id ? report.value : undefined;
  return (
    <section ref={bar} class="notice planted" aria-labelledby="planted-title" data-testid="planted" data-bug={bug.id}>
      <div>
        <p class="notice-title" id="planted-title">{t('plantedTitle', { name: bug.name })}</p>
        <p>{t('plantedText', { kernels: bug.kernels.join(', '), step: count(step) })}</p>
        {found ? <Finding found={found} /> : <p class="small">{t(verdict.value.kind === 'failed' ? 'checkFailed' : 'findingSoon')}</p>}
      </div>
      <div class="buttons">
        {found && <button type="button" onClick={() => { opened.value = 'report'; }}>{t('details')}</button>}
        <button type="button" class="primary" onClick={repair} data-testid="repair">{t('repair')}</button>
      </div>
    </section>
  );
}

/** What the check says, which has not been told, and whether it is right. */
function Finding({ found }: { found: CheckedStep }) {
  const { report: { blame, explanations, verdict: kind }, planted: bug } = found;
  if (kind === 'pass' || kind === 'kink') return <p data-testid="finding" data-found="no">{t('bugHidden')}</p>;
  const kernel = blame?.launch?.kernel;
  const rightKernel = kernel !== undefined && bug!.kernels.includes(kernel);
  const rightSymptom = explanations.some(({ symptom }) => bug!.symptoms.includes(symptom));
  return (
    <div data-testid="finding" data-found="yes" data-kernel={rightKernel ? 'right' : 'wrong'} data-explanation={explanations.length === 0 ? 'none' : rightSymptom ? 'right' : 'other'}>
      <p><strong>{t('checkSays')}</strong> {kernel ? t('blamedKernel', { kernel }) : t('noBlame')} {kernel && <span class="small">{t(rightKernel ? 'isRight' : 'isWrong')}</span>}</p>
      {explanations.length > 0 && (
        <p>
          {t(`symptom.${explanations[0].symptom}`)}: <span lang="en">{explanations[0].text}</span>
          {bug!.symptoms.length > 0 && <span class="small"> {t(rightSymptom ? 'isRight' : 'isOther')}</span>}
        </p>
      )}
    </div>
  );
}
