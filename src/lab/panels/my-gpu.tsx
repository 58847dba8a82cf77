import { useEffect } from 'preact/hooks';
import type { AdapterFacts } from 'chainrule';
import type { SelfTestData, SelfTestOp } from 'chainrule/gradcheck';
import { cancelSelfTest, selfTestState, startSelfTest, testedAdapter, testedOps, type SelfTestState } from '../self-test.ts';
import { adapter } from '../store.ts';
import { count, figure, t } from '../text.ts';
import { Copy } from './copy.tsx';
import { Dialog } from './dialog.tsx';
import { wordsOf } from './notice.tsx';

/** The self-test of the reader's adapter. */
export function MyGpuDialog() {
  return <Dialog name="gpu" title={t('myGpu')}><Content /></Dialog>;
}

function Content() {
  const state = selfTestState.value;
  useEffect(() => {
    if (selfTestState.peek().kind === 'none') startSelfTest(false);
    // Whoever closes the screen wants the training back.
    return cancelSelfTest;
  }, []);
  const running = state.kind === 'running';
  return (
    <>
      <p>{t('selfTestIntro')}</p>
      <Facts facts={testedAdapter.value ?? adapter.value} test={state.kind === 'done' ? state.test : undefined} />
      <div class="buttons">
        {running
          ? <button type="button" onClick={cancelSelfTest} data-testid="cancel-test">{t('cancel')}</button>
          : <button type="button" onClick={() => startSelfTest(false)} data-testid="run-core">{t('runCore')}</button>}
        <button type="button" disabled={running} onClick={() => startSelfTest(true)} data-testid="run-all">{t('runAll')}</button>
        {state.kind === 'done' && (
          <Copy
            key={state.test.date}
            choices={[{ label: t('copyMarkdown'), text: state.markdown, testid: 'copy-markdown' }, { label: t('copyJson'), text: state.json, testid: 'copy-json' }]}
          />
        )}
      </div>
      <Outcome state={state} />
      {testedOps.value.length > 0 && <Ops ops={testedOps.value} />}
      {testedOps.value.filter(({ passed }) => !passed).map((op) => <Failure key={op.op} op={op} />)}
      {state.kind === 'done' && <Calibration test={state.test} />}
    </>
  );
}

function Outcome({ state }: { state: SelfTestState }) {
  switch (state.kind) {
    case 'none': return null;
    case 'running':
      return (
        <div class="test-progress">
          <progress aria-label={t('testProgress')} {...(state.total > 0 ? { value: state.done, max: state.total } : {})} />
          <span data-testid="test-progress">{state.total > 0 ? t('testingOp', { op: state.op, done: count(state.done), total: count(state.total) }) : t('calibrating')}</span>
        </div>
      );
    case 'cancelled': return <p class="test-outcome unclear" role="status" data-testid="test-outcome" data-outcome="cancelled">{t('testCancelled', { done: count(state.done), total: count(state.total) })}</p>;
    case 'failed': {
      const { title, advice, detail } = wordsOf(state.trouble);
      return (
        <div class="notice" role="alert" data-testid="test-outcome" data-outcome="failed" data-code={state.trouble.code}>
          <div>
            <p class="notice-title">{title}</p>
            {advice && <p>{advice}</p>}
            {detail && <p class="small"><code>{detail}</code></p>}
          </div>
        </div>
      );
    }
    case 'done': {
      const { passed, ops, seconds } = state.test;
      const values = { passed: count(ops.filter((op) => op.passed).length), total: count(ops.length), seconds: figure(seconds.total, 2) };
      return <p class={`test-outcome ${passed ? 'good' : 'bad'}`} role="status" data-testid="test-outcome" data-outcome={passed ? 'passed' : 'wrong'}>{t(passed ? 'testPassed' : 'testWrong', values)}</p>;
    }
  }
}

function Facts({ facts, test }: { facts: AdapterFacts | undefined; test: SelfTestData | undefined }) {
  if (!facts) return null;
  const rows: readonly (readonly [string, string])[] = [
    [t('adapter'), facts.name], [t('vendor'), facts.vendor], [t('architecture'), facts.architecture], [t('device'), facts.device], [t('description'), facts.description],
    [t('kind'), t(facts.adapterClass === 'cpu' ? 'kindCpu' : 'kindGpu')],
    ...(test ? [[t('browser'), test.browser], [t('version'), `chainrule ${test.version}`], [t('kernels'), t('kernelHash', { count: count(test.kernels.count), hash: test.kernels.hash })]] as const : []),
  ];
  return (
    <dl class="facts" data-testid="adapter-facts">
      {rows.filter(([, value]) => value !== '').map(([name, value]) => <div key={name} class={value.length > 60 ? 'long' : ''}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

function Ops({ ops }: { ops: readonly SelfTestOp[] }) {
  return (
    <div class="scroll" role="region" aria-label={t('opsOf')} tabIndex={0}>
      <table data-testid="self-test-table">
        <caption>{t('opsOf')}</caption>
        <thead><tr>{(['op', 'verdict', 'sigmas', 'elements', 'kernels'] as const).map((key) => <th key={key} scope="col">{t(key)}</th>)}</tr></thead>
        <tbody>
          {ops.map(({ op, passed, verdict, worstSigma, elements, kernels }) => (
            <tr key={op} class={passed ? '' : 'wrong'}>
              <th scope="row"><code>{op}</code></th>
              <td class={passed ? '' : 'bad-text'}>{t(`verdict.${verdict}`)}</td>
              <td>{figure(worstSigma, 2)}</td>
              <td>{count(elements)}</td>
              <td class="names"><code>{kernels.join(' ')}</code></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What is wrong with an op: the checker's own words, which are English. */
function Failure({ op: { op, failure, error, conventions } }: { op: SelfTestOp }) {
  const lines = [
    ...(error === undefined ? [] : [error]),
    ...conventions.filter(({ passed }) => !passed).map(({ name, got }) => `${name}: ${got ?? ''}`),
    ...(failure ? [`${failure.sample}, ${failure.cotangent}`, failure.text] : []),
  ];
  return (
    <details open data-testid="test-failure">
      <summary>{t('whatIsWrong', { op })}</summary>
      <pre class="scroll" lang="en" tabIndex={0}>{lines.join('\n')}</pre>
    </details>
  );
}

function Calibration({ test: { calibration } }: { test: SelfTestData }) {
  return (
    <>
      <p class="small">{t('calibrationIntro')}</p>
      <div class="scroll" role="region" aria-label={t('calibration')} tabIndex={0}>
        <table data-testid="calibration-table">
          <caption>{t('calibration')}</caption>
          <thead><tr>{(['function', 'unit', 'promised', 'measured', 'used'] as const).map((key) => <th key={key} scope="col">{t(key)}</th>)}</tr></thead>
          <tbody>
            {calibration.rows.map(({ name, field, unit, promised, measured, used }) => (
              <tr key={`${name} ${field}`} class={measured > promised ? 'beyond' : ''}>
                <th scope="row"><code>{name}</code></th>
                <td>{t(`unit.${unit}`)}</td>
                <td>{figure(promised, 2)}</td>
                <td>{figure(measured, 3)}{measured > promised ? ` ${t('beyondPromise')}` : ''}</td>
                <td>{figure(used, 3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
