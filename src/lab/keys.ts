import { check, reset, step, toggle } from './client.ts';
import { canTrain, run } from './store.ts';
import { opened } from './panels/dialog.tsx';

const actions: Readonly<Record<string, () => void>> = {
  ' ': () => canTrain.value && toggle(),
  s: () => canTrain.value && step(),
  r: () => run.value && reset(),
  c: () => canTrain.value && check(),
  b: () => { if (run.value) opened.value = 'bugs'; },
  g: () => { opened.value = 'gpu'; },
};

/** Where letters are typed or choose something. */
const fields = 'input:not([type="radio"]), select, textarea, dialog';
/** Where Space does something of its own. */
const buttons = 'button, summary, a, input, [tabindex]';

/** Single keys act only where no control wants them, and never together with Ctrl, Alt or Meta. */
export function listenForKeys(): void {
  addEventListener('keydown', (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.defaultPrevented) return;
    if (opened.value) return;
    if (target instanceof Element && (target.closest(fields) || (key === ' ' && target.closest(buttons)))) return;
    const action = actions[key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
