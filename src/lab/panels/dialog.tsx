import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../text.ts';

/** The dialog that is open: at most one is. */
export const opened = signal<'report' | 'bugs' | 'gpu' | undefined>(undefined);

export const closeDialog = (): void => { opened.value = undefined; };

interface Props {
  readonly name: NonNullable<typeof opened.value>;
  readonly title: string;
  readonly children: ComponentChildren;
}

/** The browser's own dialog keeps the focus inside, closes on Escape and gives the focus back. */
export function Dialog({ name, title, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = opened.value === name;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  // `close` comes late: meanwhile another dialog may have been opened.
  const onClose = (): void => { if (opened.value === name) closeDialog(); };
  return (
    <dialog ref={dialog} aria-labelledby={`${name}-title`} data-testid={`${name}-dialog`} onClose={onClose} onClick={(event) => { if (event.target === dialog.current) closeDialog(); }}>
      {open && (
        <div class="sheet">
          <div class="panel-head">
            <h2 id={`${name}-title`}>{title}</h2>
            <button type="button" onClick={closeDialog} data-testid="close">{t('close')}</button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
