import { effect, signal } from '@preact/signals';
import { render } from 'preact';
import { configure, dropFiles } from './client.ts';
import { firstConfig } from './config.ts';
import { listenForKeys } from './keys.ts';
import { Controls } from './panels/controls.tsx';
import { Gradients } from './panels/gradients.tsx';
import { BreakItDialog } from './panels/break-it.tsx';
import { Header } from './panels/header.tsx';
import { Loss } from './panels/loss.tsx';
import { MyGpuDialog } from './panels/my-gpu.tsx';
import { NoticeBar } from './panels/notice.tsx';
import { Output } from './panels/output.tsx';
import { PlantedBar } from './panels/planted.tsx';
import { PlayBar } from './panels/play-bar.tsx';
import { ReportDialog } from './panels/report.tsx';
import { Announcer } from './panels/verdict.tsx';
import { status } from './store.ts';
import { lang, t } from './text.ts';

const dragging = signal(false);

function App() {
  return (
    <>
      <Header />
      <NoticeBar />
      <PlantedBar />
      <PlayBar />
      <main>
        <Controls />
        <Output />
        <div class="column proof">
          <Loss />
          <Gradients />
        </div>
      </main>
      <footer><p class="small">{t('shortcuts')}</p></footer>
      <Announcer />
      <ReportDialog />
      <BreakItDialog />
      <MyGpuDialog />
      {dragging.value && <div class="drop-cover" aria-hidden="true">{t('dropNow')}</div>}
    </>
  );
}

/** The whole window takes files: a small target is easily missed, and then the browser would leave the page. */
function listenForFiles(): void {
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragover', (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    dragging.value = true;
  });
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) dragging.value = false;
  });
  addEventListener('drop', (event) => {
    dragging.value = false;
    if (!holdsFiles(event)) return;
    event.preventDefault();
    dropFiles([...event.dataTransfer!.files]);
  });
}

effect(() => { document.documentElement.dataset.state = status.value; });
effect(() => {
  document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en';
  document.title = `Chainrule – ${t('title')}`;
});

const place = document.getElementById('app');
if (place) {
  place.replaceChildren();
  render(<App />, place);
}
listenForKeys();
listenForFiles();
// A page that nobody looks at, or whose reader wants no motion, waits.
configure(firstConfig, !document.hidden && !matchMedia('(prefers-reduced-motion: reduce)').matches);
