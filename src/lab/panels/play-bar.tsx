import { configure, reset, step as takeStep, toggle } from '../client.ts';
import { canTrain, compiling, config, held, rate, run, status, step, until, weights } from '../store.ts';
import { count, t } from '../text.ts';
import { Icon } from './icon.tsx';
import { VerdictChip } from './verdict.tsx';

export function PlayBar() {
  const idle = !canTrain.value;
  const training = status.value === 'training';
  return (
    <section class="play-bar" aria-label={t('playLabel')}>
      <div class="buttons">
        <button type="button" class="primary" disabled={idle} onClick={toggle} data-testid="toggle">
          <Icon name={training ? 'pause' : 'play'} /> {t(training ? 'pause' : 'start')}
        </button>
        <button type="button" disabled={idle} onClick={() => takeStep()} data-testid="step"><Icon name="step" /> {t('step')}</button>
        <button type="button" disabled={!run.value} onClick={reset} data-testid="reset"><Icon name="reset" /> {t('reset')}</button>
        <label class="seed">
          {t('seed')}
          <input type="number" min="0" step="1" value={config.value.seed} data-testid="seed" onChange={({ currentTarget }) => configure({ seed: currentTarget.valueAsNumber })} />
        </label>
      </div>
      <div class="progress">
        <span data-testid="state">{stateText()}</span>
        {run.value && <span><StepCount /></span>}
        {training && rate.value !== undefined && <span>{t('perSecond', { rate: count(Math.round(rate.value)) })}</span>}
        {weights.value && (
          <span class="hash" data-testid="hash" data-hash={weights.value.hash} data-step={weights.value.step} data-tainted={weights.value.tainted} title={t('weightsTitle', { step: count(weights.value.step), hash: weights.value.hash })}>
            {t(weights.value.tainted ? 'weightsTainted' : 'weights', { hash: weights.value.hash.slice(0, 8) })}
          </span>
        )}
      </div>
      <VerdictChip />
    </section>
  );
}

function StepCount() {
  return <span data-testid="step-count" data-step={step.value}>{t('stepOf', { step: count(step.value), until: count(until.value) })}</span>;
}

function stateText(): string {
  if (compiling.value) return t('compiling', { done: compiling.value.done, total: compiling.value.total });
  if (held.value && status.value === 'training') return t('held');
  switch (status.value) {
    case 'loading': return t('askingGpu');
    case 'error': return t('failed');
    default: return t(status.value);
  }
}
