import { adapter } from '../store.ts';
import { chooseLang, lang, t } from '../text.ts';
import { opened } from './dialog.tsx';

export function Header() {
  return (
    <header>
      <div class="brand">
        <h1><span class="logo" aria-hidden="true">∂</span> Chainrule</h1>
        <p>{t('title')}</p>
      </div>
      <div class="header-end">
        <AdapterBadge />
        <button type="button" aria-haspopup="dialog" data-testid="my-gpu" onClick={() => { opened.value = 'gpu'; }}>{t('myGpu')}</button>
        <button type="button" lang={lang.value === 'en' ? 'zh' : 'en'} aria-label={t('languageLabel')} data-testid="language" onClick={() => chooseLang(lang.value === 'en' ? 'zh' : 'en')}>
          {t('language')}
        </button>
      </div>
    </header>
  );
}

function AdapterBadge() {
  const facts = adapter.value;
  if (!facts) return null;
  const software = facts.adapterClass === 'cpu';
  const name = software ? facts.name.replace(/ \(.*\)$/, '') : facts.name;
  return (
    <span class={`badge ${software ? 'software' : ''}`} data-testid="adapter" title={t('adapterLabel', { name: facts.name })}>
      {software ? t('softwareAdapter', { name }) : name}
    </span>
  );
}
