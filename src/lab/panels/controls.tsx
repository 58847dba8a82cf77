import { useRef } from 'preact/hooks';
import { chooseData, configure, dropFiles } from '../client.ts';
import { activations, dataNames, type Activation, type Config } from '../config.ts';
import { config, mnistLoaded, run } from '../store.ts';
import { count, t } from '../text.ts';

/** Which data, and which net for it. */
export function Controls() {
  return (
    <div class="column controls">
      <Data />
      <Net />
    </div>
  );
}

function Data() {
  const picker = useRef<HTMLInputElement>(null);
  const pick = (): void => picker.current?.click();
  const facts = run.value;
  return (
    <section class="panel" aria-labelledby="data-title">
      <h2 id="data-title">{t('data')}</h2>
      <fieldset class="choices">
        <legend class="visually-hidden">{t('data')}</legend>
        {dataNames.map((name) => (
          <label key={name}>
            <input
              type="radio" name="data" value={name} checked={config.value.data === name}
              onClick={(event) => {
                if (name !== 'mnist' || mnistLoaded.value) return;
                // There is nothing to choose yet: the files come first.
                event.preventDefault();
                pick();
              }}
              onChange={() => chooseData(name)}
            />
            <span>{t(`data.${name}`)}</span>
          </label>
        ))}
      </fieldset>
      <p class="small">{facts ? t('examples', { train: count(facts.trainExamples), test: count(facts.testExamples) }) : ' '}</p>
      <button type="button" onClick={pick}>{t('chooseFiles')}</button>
      <input
        ref={picker} type="file" multiple hidden data-testid="files" aria-label={t('chooseFiles')}
        onChange={({ currentTarget }) => {
          if (currentTarget.files?.length) dropFiles([...currentTarget.files]);
          // The same files can be chosen again.
          currentTarget.value = '';
        }}
      />
      <p class="small">{t('dropHint')}</p>
    </section>
  );
}

const numbers = [
  { name: 'lr', step: 'any' }, { name: 'batchSize', step: '1' }, { name: 'hidden', step: '1' },
] as const satisfies readonly { name: keyof Config; step: string }[];

function Net() {
  const facts = run.value;
  return (
    <section class="panel" aria-labelledby="net-title">
      <h2 id="net-title">{t('net')}</h2>
      <p class="small" data-testid="net-facts">{facts ? t('netFacts', { layers: facts.layers.join(' → '), parameters: count(facts.parameters) }) : ' '}</p>
      <div class="fields">
        {numbers.map(({ name, step }) => (
          <label key={name}>
            <span>{t(name)}</span>
            {/* Every number goes to the library, which knows the rules and says them. */}
            <input type="number" step={step} value={config.value[name]} data-testid={name} onChange={({ currentTarget }) => configure({ [name]: currentTarget.valueAsNumber })} />
          </label>
        ))}
        <label>
          <span>{t('activation')}</span>
          <select value={config.value.activation} data-testid="activation" onChange={({ currentTarget }) => configure({ activation: currentTarget.value as Activation })}>
            {activations.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
      </div>
    </section>
  );
}
