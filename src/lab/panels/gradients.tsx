import { report, run } from '../store.ts';
import { count, figure, t } from '../text.ts';
import { reportOpen } from './verdict.tsx';

/** The proof in short: one line for each gradient of the last check. */
export function Gradients() {
  const last = report.value;
  return (
    <section class="panel" aria-labelledby="gradients-title">
      <div class="panel-head">
        <h2 id="gradients-title">{t('reportTitle')}</h2>
        {last && <button type="button" class="link" onClick={() => { reportOpen.value = true; }}>{t('details')}</button>}
      </div>
      <p class="small">{run.value && t('gradientsIntro', { total: count(run.value.parameters) })}</p>
      {last && (
        <div class="scroll">
          <table>
            <thead><tr>{(['tensor', 'verdict', 'margin', 'bits'] as const).map((key) => <th key={key} scope="col">{t(key)}</th>)}</tr></thead>
            <tbody>
              {last.report.tensors.map(({ id, name, verdict, passed, count: all, worst, bits }) => (
                <tr key={id}>
                  <th scope="row"><code>{name}</code></th>
                  <td class={verdict === 'fail' || verdict === 'unwritten' ? 'bad-text' : ''}>{t(`verdict.${verdict}`)} {count(passed)}/{count(all)}</td>
                  <td>{worst ? figure(worst.margin, 2) : '–'}</td>
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
