import { useState } from 'preact/hooks';
import { t } from '../text.ts';

interface Choice {
  readonly label: string;
  readonly text: string;
  readonly testid: string;
}

/** Buttons that copy texts. Where the browser refuses, the text is shown, selected, so that the keyboard can copy it. */
export function Copy({ choices }: { choices: readonly Choice[] }) {
  const [said, setSaid] = useState('');
  const [shown, setShown] = useState<string | undefined>();
  const copy = async ({ label, text }: Choice): Promise<void> => {
    setSaid('');
    try {
      await navigator.clipboard.writeText(text);
      setShown(undefined);
      setSaid(t('copied', { what: label }));
    } catch {
      setShown(text);
      setSaid(t('copyYourself'));
    }
  };
  return (
    <>
      {choices.map((choice) => <button key={choice.testid} type="button" data-testid={choice.testid} onClick={() => void copy(choice)}>{choice.label}</button>)}
      <span class="small" role="status">{said}</span>
      {shown !== undefined && <textarea class="copy-text" readOnly rows={6} value={shown} aria-label={t('copyYourself')} ref={(element) => element?.select()} />}
    </>
  );
}
