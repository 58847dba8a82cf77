import { report, run } from '../store.ts';
import { count, figure, t } from '../text.ts';
import { opened } from './dialog.tsx';

/** The proof in short: one line for each gradient of the last check. */
export function Gradients() {
  const last = report.value;
  return (
    <section class="panel" aria-labelledby="gradients-title">
      <div class="panel-head">
        <h2 id="gradients-title">{t('reportTitle')}</h2>
        <div class="buttons">
          {last && <button type="button" class="link" onClick={() => { opened.value = 'report'; }}>{t('details')}</button>}
          <button type="button" aria-haspopup="dialog" disabled={!run.value} data-testid="break-it" onClick={() => { opened.value = 'bugs'; }}>{t('breakIt')}</button>
        </div>
      </div>
      <p class="small">{run.value && t('gradientsIntro', { total: count(run.value.parameters) })}</p>
      {last && (
        <div class="scroll">
          <table>
            <thead><tr>{(['tensor', 'verdict', 'sigmas', 'bits'] as const).map((key) => <th key={key} scope="col">{t(key)}</th>)}</tr></thead>
            <tbody>
              {last.report.tensors.map(({ id, name, verdict, passed, count: all, worstSigma, bits }) => (
                <tr key={id}>
                  <th scope="row"><code>{name}</code></th>
                  <td class={verdict === 'fail' || verdict === 'unwritten' ? 'bad-text' : ''}>{t(`verdict.${verdict}`)} {count(passed)}/{count(all)}</td>
                  <td>{figure(worstSigma, 2)}</td>
                  <td>{figure(bits, 3)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
