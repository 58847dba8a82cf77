import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { palette } from '../draw/palette.ts';
import { losses, lossVersion, batchFigures, run } from '../store.ts';
import { count, figure, percent, t } from '../text.ts';

const logarithmic = signal(true);
const tableOpen = signal(false);
const tableRows = 12;
/** Milliseconds between two drawings: the eye has enough, and a slow machine keeps time for training. */
const redrawEvery = matchMedia('(prefers-reduced-motion: reduce)').matches ? 500 : 80;

export function Loss() {
  const guessing = run.value ? figure(run.value.guessing) : '–';
  const last = batchFigures.value;
  const label = last ? t('lossLabel', { step: count(last.step), loss: figure(last.loss), guessing }) : t('lossEmpty', { guessing });
  return (
    <section class="panel loss" aria-labelledby="loss-title">
      <div class="panel-head">
        <h2 id="loss-title">{t('loss')}</h2>
        <div class="switch" role="group" aria-label={t('scale')}>
          {[true, false].map((log) => (
            <button key={String(log)} type="button" aria-pressed={logarithmic.value === log} onClick={() => { logarithmic.value = log; }}>{t(log ? 'log' : 'linear')}</button>
          ))}
        </div>
      </div>
      <div role="figure" aria-label={label}>{run.value ? <Chart key={`${logarithmic.value}`} guessing={run.value.guessing} /> : <div class="chart" />}</div>
      <ul class="legend">
        <li><span class="swatch raw" aria-hidden="true" /> {t('lossRaw')}</li>
        <li><span class="swatch smooth" aria-hidden="true" /> {t('lossSmooth')}</li>
        <li><span class="swatch guessing" aria-hidden="true" /> {t('guessing')} {guessing}</li>
      </ul>
      <p class="figures" data-testid="batch-figures">
        {!last ? ' ' : Number.isNaN(last.accuracy) ? t('batchLoss', { loss: figure(last.loss) }) : t('batchFigures', { loss: figure(last.loss), accuracy: percent(last.accuracy) })}
      </p>
      <details onToggle={(event) => { tableOpen.value = event.currentTarget.open; }}>
        <summary>{t('asTable')}</summary>
        {tableOpen.value && <Table />}
      </details>
    </section>
  );
}

/** Evenly spaced points of the chart, for those who do not see it. */
function Table() {
  void lossVersion.value;
  const { steps, smooth } = losses;
  const rows = Math.min(tableRows, steps.length);
  const picked = Array.from({ length: rows }, (_, i) => Math.round(((i + 1) * steps.length) / rows) - 1);
  return (
    <table>
      <thead><tr><th scope="col">{t('step')}</th><th scope="col">{t('loss')} ({t('lossSmooth')})</th></tr></thead>
      <tbody>{picked.map((i) => <tr key={i}><td>{count(steps[i])}</td><td>{figure(smooth[i])}</td></tr>)}</tbody>
    </table>
  );
}

function Chart({ guessing }: { guessing: number }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    let ended = false;
    let stop = (): void => undefined;
    // After the first paint: the page is readable without it.
    void import('uplot').then(({ default: Plot }) => {
      if (!ended) stop = draw(element, Plot, guessing);
    });
    return () => {
      ended = true;
      stop();
    };
  }, [guessing]);
  return <div class="chart" ref={place} />;
}

/** 0.001 as it is, 0.00001 with an exponent: the axis is narrow. */
function tickText(tick: number): string {
  const short = Number(tick.toPrecision(3));
  return short !== 0 && (Math.abs(short) < 1e-3 || Math.abs(short) >= 1e4) ? short.toExponential().replace('-', '−').replace('+', '') : String(short);
}

function draw(element: HTMLDivElement, Plot: typeof uPlot, guessing: number): () => void {
  let plot: uPlot | undefined;
  let timer = 0;
  const data = (): uPlot.AlignedData => {
    const { steps, losses: raw, smooth } = losses;
    // The guessing line stands before there is a step, and spans what is drawn.
    if (steps.length === 0) return [[0, 100], [null, null], [null, null], [guessing, guessing]];
    // A loss that is no number is a gap, and so is one that a logarithm does not have.
    const least = logarithmic.peek() ? Number.MIN_VALUE : 0;
    return [steps, raw.map((loss) => (Number.isFinite(loss) && loss >= least ? loss : null)), smooth, steps.map(() => guessing)];
  };
  const size = (): { width: number; height: number } => ({ width: element.clientWidth, height: element.clientHeight });
  const refresh = (): void => {
    timer = 0;
    plot?.setData(data());
  };
  const follow = effect(() => {
    void lossVersion.value;
    timer ||= window.setTimeout(refresh, redrawEvery);
  });
  const dress = effect(() => {
    const colours = palette.value;
    const axis = { stroke: colours.ink, grid: { stroke: colours.faint, width: 1 }, ticks: { stroke: colours.faint, width: 1 }, font: '12px system-ui, sans-serif' };
    plot?.destroy();
    plot = new Plot({
      ...size(), legend: { show: false }, cursor: { drag: { x: true, y: false } },
      scales: { x: { time: false }, y: logarithmic.peek() ? { distr: 3, log: 10 } : {} },
      axes: [
        { ...axis, size: 32, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? count(tick) : '')) },
        { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : tickText(tick))) },
      ],
      series: [
        {},
        { stroke: colours.line, width: 1, points: { show: false } },
        { stroke: colours.smooth, width: 2.5, points: { show: false } },
        { stroke: colours.guessing, width: 1.5, dash: [6, 4], points: { show: false } },
      ],
    }, data(), element);
  });
  const observer = new ResizeObserver(() => plot?.setSize(size()));
  observer.observe(element);
  return () => {
    observer.disconnect();
    follow();
    dress();
    clearTimeout(timer);
    plot?.destroy();
  };
}
