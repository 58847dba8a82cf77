import { useEffect } from 'preact/hooks';
import { askForBugs, plant, repair } from '../client.ts';
import type { Bug } from '../protocol.ts';
import { bugs, canTrain, planted, run } from '../store.ts';
import { count, t, type TextKey } from '../text.ts';
import { closeDialog, Dialog } from './dialog.tsx';

/** What kernels do, in plain words, by the beginning of their names. */
const work: readonly (readonly [start: string, text: TextKey])[] = [
  ['matmul-nt', 'kernel.matmul-nt'], ['matmul-tn', 'kernel.matmul-tn'], ['matmul-nn', 'kernel.matmul-nn'], ['reduce', 'kernel.reduce'],
  ['cross-entropy', 'kernel.loss'], ['mse', 'kernel.loss'],
];

function workOf(kernel: string): string {
  const found = work.find(([start]) => kernel.startsWith(start));
  return found ? t(found[1]) : '';
}

/** The menu of planted bugs, grouped by the kernel that they stand in. */
export function BreakItDialog() {
  return <Dialog name="bugs" title={t('breakItTitle')}><Content /></Dialog>;
}

function Content() {
  const net = run.value;
  const known = bugs.value;
  useEffect(() => {
    if (net && !known) askForBugs();
  }, [net, known]);
  const groups = new Map<string, Bug[]>();
  for (const bug of known ?? []) groups.set(bug.kernels[0], [...(groups.get(bug.kernels[0]) ?? []), bug]);
  return (
    <>
      <p>{t('breakItIntro')}</p>
      {planted.value && (
        <div class="buttons">
          <p class="bad-text">{t('plantedTitle', { name: planted.value.bug.name })}</p>
          <button type="button" onClick={() => { repair(); closeDialog(); }}>{t('repair')}</button>
        </div>
      )}
      {!known && <p class="small">{t('bugsLoading')}</p>}
      {known && <p class="small" data-testid="bug-count">{t('bugCount', { count: count(known.length), kernels: count(groups.size) })}</p>}
      {[...groups].map(([kernel, list]) => (
        <section key={kernel} aria-label={kernel}>
          <h3><code>{kernel}</code> <span class="small">{workOf(kernel)}</span></h3>
          <ul class="bugs">{list.map((bug) => <Entry key={bug.id} bug={bug} />)}</ul>
        </section>
      ))}
    </>
  );
}

function Entry({ bug }: { bug: Bug }) {
  const isPlanted = planted.value?.bug.id === bug.id;
  return (
    <li>
      <div>
        <p lang="en">{bug.name}</p>
        <p class="small change" lang="en"><del>{bug.find.trim()}</del> <ins>{bug.replace.trim() || t('nothingThere')}</ins></p>
      </div>
      <button
        type="button" disabled={!canTrain.value || isPlanted} data-testid="plant" data-bug={bug.id} aria-label={t('plantLabel', { name: bug.name })}
        onClick={() => { plant(bug.id); closeDialog(); }}
      >
        {t(isPlanted ? 'isPlanted' : 'plant')}
      </button>
    </li>
  );
}
