import { useEffect, useRef } from 'preact/hooks';
import type { ReportData } from 'chainrule/gradcheck';
import { report } from '../store.ts';
import { count, figure, t } from '../text.ts';
import { reportOpen } from './verdict.tsx';

type Tensor = ReportData['tensors'][number];

/** The check, tensor by tensor. */
export function ReportDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = reportOpen.value && report.value !== undefined;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  const close = (): void => { reportOpen.value = false; };
  return (
    <dialog ref={dialog} aria-labelledby="report-title" onClose={close} onClick={(event) => { if (event.target === dialog.current) close(); }}>
      {open && <Content close={close} />}
    </dialog>
  );
}

function Content({ close }: { close: () => void }) {
  if (!report.value) return null;
  const { step, examples, report: data } = report.value;
  return (
    <div class="report">
      <div class="panel-head">
        <h2 id="report-title">{t('reportTitle')}</h2>
        <button type="button" onClick={close}>{t('close')}</button>
      </div>
      <p>{t('reportIntro', { step: count(step), examples: count(examples), seconds: figure(data.seconds, 2) })}</p>
      <p class="small">{data.adapter} · {t('reportLoss', { gpu: figure(data.objective.gpu, 9), reference: figure(data.objective.reference, 9) })}</p>
      {data.blame && <p class="bad-text">{t('blame', { blame: data.blame })}</p>}
      {data.faults.length > 0 && <div><p>{t('faults')}</p><ul>{data.faults.map((fault) => <li key={fault}>{fault}</li>)}</ul></div>}
      <Tensors caption={t('gradientsOf')} tensors={data.tensors} testid="report-table" />
      <Tensors caption={t('valuesOf')} tensors={data.values} testid="values-table" />
    </div>
  );
}

function Tensors({ caption, tensors, testid }: { caption: string; tensors: readonly Tensor[]; testid: string }) {
  if (tensors.length === 0) return null;
  return (
    <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table data-testid={testid}>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {(['tensor', 'shape', 'verdict', 'checked', 'margin', 'bits', 'ratio', 'cosine', 'worst'] as const).map((key) => <th key={key} scope="col">{t(key)}</th>)}
          </tr>
        </thead>
        <tbody>{tensors.map((tensor) => <Row key={tensor.id} tensor={tensor} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ tensor }: { tensor: Tensor }) {
  const { name, shape, verdict, worst } = tensor;
  const wrong = verdict === 'fail' || verdict === 'unwritten';
  return (
    <tr class={wrong ? 'wrong' : ''}>
      <th scope="row"><code>{name}</code></th>
      <td>{shape.length > 0 ? shape.join(' × ') : '–'}</td>
      <td class={wrong ? 'bad-text' : ''}>{t(`verdict.${verdict}`)}</td>
      <td>{count(tensor.passed + tensor.failed)} / {count(tensor.count)}</td>
      <td>{worst ? figure(worst.margin, 2) : '–'}</td>
      <td>{figure(tensor.bits, 3)}</td>
      <td>{figure(tensor.ratio, 7)}</td>
      <td>{figure(tensor.cosine, 7)}</td>
      <td class="worst">
        {worst ? t('worstText', {
          index: `[${worst.index.join(', ')}]`, gpu: figure(worst.gpu, 8), reference: figure(worst.reference, 8), error: figure(worst.referenceError, 2), tolerance: figure(worst.tolerance, 2),
        }) : '–'}
      </td>
    </tr>
  );
}
