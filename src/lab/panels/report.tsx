import type { ReportData } from 'chainrule/gradcheck';
import { report } from '../store.ts';
import { count, figure, t } from '../text.ts';
import { Copy } from './copy.tsx';
import { Dialog } from './dialog.tsx';

type Tensor = ReportData['tensors'][number];

/** The check, tensor by tensor. */
export function ReportDialog() {
  return <Dialog name="report" title={t('reportTitle')}>{report.value ? <Content /> : <p>{t('unchecked')}</p>}</Dialog>;
}

function Content() {
  const { step, examples, report: data, markdown, json, planted } = report.value!;
  return (
    <>
      <p>{t('reportIntro', { step: count(step), examples: count(examples), seconds: figure(data.seconds, 2) })}</p>
      {planted && <p class="bad-text">{t('plantedTitle', { name: planted.name })}</p>}
      <p class="small">{data.adapter} · {t('reportLoss', { gpu: figure(data.objective.gpu, 9), reference: figure(data.objective.reference, 9) })}</p>
      <div class="buttons">
        <Copy choices={[{ label: t('copyMarkdown'), text: markdown, testid: 'copy-report-markdown' }, { label: t('copyJson'), text: json, testid: 'copy-report-json' }]} />
      </div>
      <Hints data={data} />
      {data.faults.length > 0 && <div><p>{t('faults')}</p><ul>{data.faults.map((fault) => <li key={fault} lang="en">{fault}</li>)}</ul></div>}
      <Worst tensors={[...data.tensors, ...data.values]} />
      <Tensors caption={t('gradientsOf')} tensors={data.tensors} testid="report-table" />
      <Tensors caption={t('valuesOf')} tensors={data.values} testid="values-table" />
      <Launches data={data} />
    </>
  );
}

/** What is wrong first, who made it, and what it looks like: only where something is wrong. */
function Hints({ data: { blame, explanations, investigation } }: { data: ReportData }) {
  if (!blame && explanations.length === 0) return null;
  return (
    <section class="notice fatal hints" aria-labelledby="hints-title" data-testid="hints">
      <div>
        <p class="notice-title" id="hints-title">{t('hintsTitle')}</p>
        {blame && <p data-testid="blame">{t('blame', { tensor: blame.tensor })} {blame.launch && <code data-testid="blamed-kernel">{blame.launch.kernel}</code>}</p>}
        {blame && <p class="small" lang="en">{blame.text}</p>}
        {explanations.length > 0 && (
          <ul data-testid="explanations">
            {explanations.map(({ symptom, tensor, text }) => <li key={`${symptom} ${tensor}`}><strong>{t(`symptom.${symptom}`)}</strong>: <span lang="en">{text}</span></li>)}
          </ul>
        )}
        {investigation && <p class="small" lang="en" data-testid="investigation">{investigation.text}</p>}
      </div>
    </section>
  );
}

/** The one element that came closest to its tolerance, or is furthest beyond it. */
function Worst({ tensors }: { tensors: readonly Tensor[] }) {
  const [found] = tensors.flatMap(({ name, worst }) => (worst ? [{ name, worst }] : [])).sort((a, b) => b.worst.margin - a.worst.margin);
  if (!found) return null;
  const { name, worst } = found;
  const difference = Math.abs(worst.gpu - worst.reference);
  const rows: readonly (readonly [string, string])[] = [
    [t('element'), worst.index.length > 0 ? `${name}[${worst.index.join(', ')}]` : name],
    ['GPU', figure(worst.gpu, 9)],
    [t('reference'), `${figure(worst.reference, 9)} ± ${figure(worst.referenceError, 2)}`],
    [t('difference'), figure(difference, 3)],
    ['σ', figure(worst.sigma, 3)],
    [t('tolerance'), figure(worst.tolerance, 3)],
    [t('margin'), figure(worst.margin, 3)],
    [t('relativeError'), figure(worst.relativeError, 3)],
  ];
  return (
    <section aria-labelledby="worst-title">
      <h3 id="worst-title">{t('worst')}</h3>
      <dl class="facts" data-testid="worst">{rows.map(([title, value]) => <div key={title}><dt>{title}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

const columns = ['tensor', 'shape', 'verdict', 'checked', 'sigmas', 'bits', 'ratio', 'cosine', 'kinks', 'relativeError', 'confirmed'] as const;

function Tensors({ caption, tensors, testid }: { caption: string; tensors: readonly Tensor[]; testid: string }) {
  if (tensors.length === 0) return null;
  const shown = columns.filter((key) => key !== 'confirmed' || tensors.some(({ coverage }) => coverage));
  return (
    <div class="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table data-testid={testid}>
        <caption>{caption}</caption>
        <thead><tr>{shown.map((key) => <th key={key} scope="col">{t(key)}</th>)}</tr></thead>
        <tbody>{tensors.map((tensor) => <Row key={tensor.id} tensor={tensor} coverage={shown.includes('confirmed')} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ tensor, coverage }: { tensor: Tensor; coverage: boolean }) {
  const { name, shape, verdict, worst } = tensor;
  const wrong = verdict === 'fail' || verdict === 'unwritten';
  return (
    <tr class={wrong ? 'wrong' : ''}>
      <th scope="row"><code>{name}</code></th>
      <td>{shape.length > 0 ? shape.join(' × ') : '–'}</td>
      <td class={wrong ? 'bad-text' : ''}>{t(`verdict.${verdict}`)}</td>
      <td>{count(tensor.passed + tensor.failed)} / {count(tensor.count)}</td>
      <td>{figure(tensor.worstSigma, 3)}</td>
      <td>{figure(tensor.bits, 3)}</td>
      <td>{figure(tensor.ratio, 7)}</td>
      <td>{figure(tensor.cosine, 7)}</td>
      <td>{count(tensor.kink)}</td>
      <td>{worst ? figure(worst.relativeError, 2) : '–'}</td>
      {coverage && <td>{coverageText(tensor)}</td>}
    </tr>
  );
}

/** How the reference itself was certified: every element of the GPU is compared with it, whatever this says. */
function coverageText({ coverage }: Tensor): string {
  if (!coverage) return '–';
  const { differenced, directions } = coverage;
  return directions
    ? t('byDirections', { count: count(directions.count), elements: count(differenced), miss: figure(directions.miss, 1), size: figure(directions.detectable, 2) })
    : t('everyElement', { count: count(differenced) });
}

/** Every launch of the pass, in its order: the first red one is where it began. */
function Launches({ data: { launches, blame } }: { data: ReportData }) {
  if (launches.length === 0) return null;
  return (
    <details open={blame !== undefined}>
      <summary>{t('launches', { count: count(launches.length) })}</summary>
      <div class="scroll" role="region" aria-label={t('launches', { count: count(launches.length) })} tabIndex={0}>
        <table data-testid="launch-table">
          <thead><tr>{(['launch', 'kernel', 'tensor', 'verdict', 'sigmas'] as const).map((key) => <th key={key} scope="col">{t(key)}</th>)}</tr></thead>
          <tbody>
            {launches.flatMap(({ label, kernel, outputs }, at) => outputs.map(({ name, verdict, worstSigma }, i) => {
              const wrong = verdict === 'fail' || verdict === 'unwritten';
              return (
                <tr key={`${at} ${i}`} class={wrong ? 'wrong' : ''}>
                  <td>{label}</td>
                  <td><code>{kernel}</code></td>
                  <td><code>{name}</code></td>
                  <td class={wrong ? 'bad-text' : ''}>{t(`verdict.${verdict}`)}</td>
                  <td>{figure(worstSigma, 3)}</td>
                </tr>
              );
            }))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
