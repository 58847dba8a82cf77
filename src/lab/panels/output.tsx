import { useCallback, useMemo } from 'preact/hooks';
import { Canvas, type Paint } from '../draw/canvas.tsx';
import { columns, paintImages, readings } from '../draw/images.ts';
import { palette } from '../draw/palette.ts';
import { paintCurve, paintPoints, paintSurface } from '../draw/points.ts';
import type { Sample } from '../protocol.ts';
import { picture, run, step, testFigures } from '../store.ts';
import { count, figure, percent, t } from '../text.ts';

const marks = ['○', '△', '□', '◇'];

/** What the net says: a decision surface, a curve, or digits that were read. */
export function Output() {
  const sample = run.value?.sample;
  return (
    <section class="panel output" aria-labelledby="output-title">
      <h2 id="output-title">{t('output')}</h2>
      {sample ? <Picture sample={sample} /> : <div class="canvas-place" />}
      <Figures />
    </section>
  );
}

function Picture({ sample }: { sample: Sample }) {
  const paint: Paint = useCallback((context, width, height) => {
    const colours = palette.value;
    const shown = picture.value;
    context.clearRect(0, 0, width, height);
    if (sample.kind === 'points') {
      if (shown) paintSurface(context, width, sample, shown.grid, shown.values, colours);
      paintPoints(context, width, sample, colours);
    } else if (sample.kind === 'curve') {
      paintCurve(context, width, height, sample, shown?.values, colours);
    } else {
      paintImages(context, width, height, sample, shown?.values, colours);
    }
  }, [sample]);
  const ratio = useMemo(() => {
    if (sample.kind === 'points') return 1;
    if (sample.kind === 'curve') return 0.75;
    return (Math.ceil(sample.labels.length / columns) * 1.3) / columns;
  }, [sample]);
  const label = t(sample.kind === 'points' ? 'surfaceLabel' : sample.kind === 'curve' ? 'curveLabel' : 'imagesLabel', { step: count(picture.value?.step ?? 0) });
  return (
    <>
      <Canvas paint={paint} ratio={ratio} label={label} />
      <Legend sample={sample} />
    </>
  );
}

function Legend({ sample }: { sample: Sample }) {
  if (sample.kind === 'images') {
    const values = picture.value?.values;
    if (!values) return null;
    const right = readings(sample, values).filter((reading, i) => reading === sample.labels[i]).length;
    return <p class="small">{t('rightOf', { right, count: sample.labels.length })}</p>;
  }
  const entries = sample.kind === 'curve'
    ? [{ colour: 0, mark: '●', text: t('example') }, { colour: 1, mark: '—', text: t('netCurve') }]
    : Array.from({ length: sample.classes }, (_, k) => ({ colour: k % 4, mark: marks[k % 4], text: t('class', { name: k }) }));
  return (
    <ul class="legend">
      {entries.map(({ colour, mark, text }) => <li key={text}><span class={`mark class-${colour}`} aria-hidden="true">{mark}</span> {text}</li>)}
    </ul>
  );
}

function Figures() {
  const test = testFigures.value;
  if (step.value === 0) return <p class="figures">{run.value ? t('untrained') : ' '}</p>;
  if (!test) return <p class="figures"> </p>;
  return (
    <p class="figures" data-testid="test-figures">
      {test.accuracy === undefined ? t('testLoss', { loss: figure(test.loss) }) : t('testFigures', { loss: figure(test.loss), accuracy: percent(test.accuracy) })}
    </p>
  );
}
