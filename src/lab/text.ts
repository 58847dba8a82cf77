import { computed, signal } from '@preact/signals';

const en = {
  title: 'Neural nets in the browser, every gradient proven',
  language: '中文',
  languageLabel: '用中文显示',
  compiling: 'Compiling kernels: {done} of {total}',
  askingGpu: 'Asking the browser for a GPU…',
  softwareAdapter: 'Running on the CPU through {name} – correct but slow',
  adapterLabel: 'Computed on {name}',

  start: 'Start',
  pause: 'Pause',
  step: 'Step',
  reset: 'Reset',
  playLabel: 'Training',
  stepOf: 'step {step} of {until}',
  perSecond: '{rate} steps/s',
  ready: 'Ready. Press Start',
  paused: 'Paused',
  training: 'Training',
  diverged: 'Diverged',
  failed: 'Stopped',
  weights: 'weights {hash}',
  weightsTitle: 'SHA-256 of all weights at step {step}: {hash}. The same seed on the same GPU gives the same bits.',
  shortcuts: 'Keys: Space start or pause · S one step · R reset · C check gradients',

  data: 'Data',
  net: 'Net',
  'data.spiral': 'Spiral',
  'data.circles': 'Circles',
  'data.moons': 'Moons',
  'data.xor': 'XOR',
  'data.blobs': 'Clouds',
  'data.line': 'Line',
  'data.sine': 'Sine',
  'data.digits': 'Digits',
  'data.mnist': 'MNIST',
  chooseFiles: 'Choose MNIST files…',
  dropHint: 'Drop the MNIST files anywhere: four, or images and labels, also as .gz. They stay on this computer.',
  dropNow: 'Drop the files to train on them',
  examples: '{train} examples to learn from, {test} to test',
  seed: 'Seed',
  lr: 'Learning rate',
  batchSize: 'Batch size',
  hidden: 'Hidden units',
  activation: 'Activation',
  netFacts: '{layers} · {parameters} parameters · Adam',

  output: 'What the net says',
  surfaceLabel: 'Decision surface at step {step}: each place has the colour of the class that the net sees there. Points are the examples.',
  curveLabel: 'Curve of the net at step {step} through the examples.',
  imagesLabel: 'Test images at step {step}, each with the digit that the net reads.',
  untrained: 'Not trained yet: these are random weights.',
  class: 'class {name}',
  example: 'example',
  netCurve: 'net',
  rightOf: '{right} of {count} shown are read correctly. Wrong ones are marked ✗, with the right digit in brackets.',
  testFigures: 'Test: loss {loss}, accuracy {accuracy}',
  testLoss: 'Test: loss {loss}',

  loss: 'Loss',
  lossLabel: 'Loss by step. At step {step} it is {loss}. Guessing gives {guessing}.',
  lossEmpty: 'Loss by step. No step yet. Guessing gives {guessing}.',
  lossRaw: 'each batch',
  lossSmooth: 'smoothed',
  guessing: 'guessing',
  log: 'log',
  linear: 'linear',
  scale: 'Scale of the loss',
  asTable: 'As a table',
  batchFigures: 'Batch: loss {loss}, accuracy {accuracy}',
  batchLoss: 'Batch: loss {loss}',

  unchecked: 'Not checked yet',
  checking: 'Checking {percent} %',
  proven: '✓ {proven} of {total} gradients proven',
  wrong: '✗ {failed} of {total} fail',
  nothing: '○ Nothing to check',
  unclear: '? Not decided: {proven} of {total} proven',
  checkFailed: '! Check ended with an error',
  checkNow: 'Check now',
  openReport: 'Show the check of each gradient',
  checkedAt: 'at step {step}',
  details: 'All figures',
  gradientsIntro: 'All {total} gradients of the net, compared one by one with float64 finite differences on the CPU. A margin above 1 fails.',

  reportTitle: 'Gradients',
  close: 'Close',
  reportIntro: 'At step {step} the GPU ran one forward and backward pass on {examples} examples. Every element of every gradient was then compared with float64 finite differences on the CPU ({seconds} s). Margin is the difference divided by the tolerance: above 1 an element fails.',
  reportLoss: 'Loss: GPU {gpu}, reference {reference}.',
  tensor: 'tensor',
  shape: 'shape',
  verdict: 'verdict',
  checked: 'checked',
  margin: 'worst margin',
  bits: 'bits that agree',
  ratio: 'ratio',
  cosine: 'cosine',
  worst: 'worst element',
  worstText: '{index}: GPU {gpu}, reference {reference} ± {error}, tolerance {tolerance}',
  gradientsOf: 'Gradients of the parameters',
  valuesOf: 'Results of the forward pass',
  blame: 'First wrong: {blame}',
  faults: 'The two references disagree:',
  'verdict.pass': '✓ proven',
  'verdict.fail': '✗ fails',
  'verdict.kink': '✓ proven (at a kink)',
  'verdict.below-noise': '○ below noise',
  'verdict.unwritten': '✗ never written',
  'verdict.reference-suspect': '? reference unsure',
  'verdict.nothing-to-check': '○ nothing to check',

  dismiss: 'Dismiss',
  tryAgain: 'Try again',
  resetLower: 'Reset with a tenth of the learning rate',
  'trouble.no-webgpu': 'This browser has no WebGPU.',
  'trouble.insecure-origin': 'WebGPU needs https or localhost.',
  'trouble.no-adapter': 'The browser found no GPU that it may use.',
  'trouble.device-lost': 'The GPU was lost again.',
  'trouble.diverged': 'Training diverged: the loss is no longer a number.',
  'trouble.files': 'These files cannot be used. Nothing has changed.',
  'trouble.settings': 'This setting cannot be used. Nothing has changed.',
  'trouble.memory': 'This does not fit on the GPU. Nothing has changed.',
  'trouble.gpu': 'The GPU reported an error.',
  'trouble.worker': 'The training worker did not start.',
  'trouble.unexpected': 'Something went wrong that should not.',
  'advice.chrome': 'Chrome and Edge have WebGPU from version 113. Update the browser, and check that graphics acceleration is on in its settings.',
  'advice.android': 'Chrome on Android has WebGPU from version 121, on Android 12 or later.',
  'advice.linux': 'On Linux, open chrome://flags, enable "Unsafe WebGPU Support" and "Vulkan", and restart the browser. chrome://gpu tells why there is no adapter.',
  'advice.safari': 'Safari has WebGPU from version 26 (macOS 26, iOS 26).',
  'advice.firefox': 'Firefox has WebGPU from version 141 on Windows and 145 on Macs with Apple chips. Elsewhere use Chrome or Edge.',
  'advice.other': 'Use a current Chrome, Edge, Safari or Firefox.',
  'advice.insecure': 'Serve the page over https, or open it as http://localhost.',
  'advice.adapter': 'Check that graphics acceleration is on in the browser\'s settings, and that the graphics driver is current.',
  'advice.diverged': 'Steps were too large. Reset, and take a smaller learning rate.',
  'advice.lost': 'The driver was reset twice. Close other pages that use the GPU, then try again.',
  'advice.report': 'Reload the page. If it happens again, please report it with the name of the GPU.',
  deviceLost: 'The GPU was lost ({reason}). Training went on from step {step}, on a new device.',
} as const;

type Key = keyof typeof en;

const zh: Record<Key, string> = {
  title: '浏览器里的神经网络,每个梯度都经过证明',
  language: 'EN',
  languageLabel: 'Show in English',
  compiling: '正在编译内核:{done}/{total}',
  askingGpu: '正在向浏览器请求 GPU…',
  softwareAdapter: '正通过 {name} 在 CPU 上运行:结果正确,但较慢',
  adapterLabel: '运行于 {name}',

  start: '开始',
  pause: '暂停',
  step: '单步',
  reset: '重置',
  playLabel: '训练',
  stepOf: '第 {step} 步,共 {until} 步',
  perSecond: '{rate} 步/秒',
  ready: '已就绪,请按“开始”',
  paused: '已暂停',
  training: '训练中',
  diverged: '已发散',
  failed: '已停止',
  weights: '权重 {hash}',
  weightsTitle: '第 {step} 步全部权重的 SHA-256:{hash}。同一种子在同一 GPU 上得到逐位相同的结果。',
  shortcuts: '快捷键:空格 开始或暂停 · S 单步 · R 重置 · C 检验梯度',

  data: '数据',
  net: '网络',
  'data.spiral': '螺旋',
  'data.circles': '同心圆',
  'data.moons': '双月',
  'data.xor': '异或',
  'data.blobs': '点云',
  'data.line': '直线',
  'data.sine': '正弦',
  'data.digits': '数字',
  'data.mnist': 'MNIST',
  chooseFiles: '选择 MNIST 文件…',
  dropHint: '可把 MNIST 文件拖到页面任意处:四个文件,或图像与标签两个文件,也可为 .gz。文件不会离开本机。',
  dropNow: '松开即可用这些文件训练',
  examples: '{train} 个训练样本,{test} 个测试样本',
  seed: '随机种子',
  lr: '学习率',
  batchSize: '批量大小',
  hidden: '隐藏单元',
  activation: '激活函数',
  netFacts: '{layers} · {parameters} 个参数 · Adam',

  output: '网络的输出',
  surfaceLabel: '第 {step} 步的决策面:每处的颜色是网络在该处判断的类别,点是样本。',
  curveLabel: '第 {step} 步网络的曲线与样本。',
  imagesLabel: '第 {step} 步的测试图像,各附网络读出的数字。',
  untrained: '尚未训练:权重是随机的。',
  class: '类别 {name}',
  example: '样本',
  netCurve: '网络',
  rightOf: '所示 {count} 个中读对 {right} 个。读错的标有 ✗,括号内是正确数字。',
  testFigures: '测试:损失 {loss},准确率 {accuracy}',
  testLoss: '测试:损失 {loss}',

  loss: '损失',
  lossLabel: '各步的损失。第 {step} 步为 {loss},随机猜测为 {guessing}。',
  lossEmpty: '各步的损失。尚无训练步,随机猜测为 {guessing}。',
  lossRaw: '各批量',
  lossSmooth: '平滑后',
  guessing: '随机猜测',
  log: '对数',
  linear: '线性',
  scale: '损失的刻度',
  asTable: '以表格显示',
  batchFigures: '小批量:损失 {loss},准确率 {accuracy}',
  batchLoss: '小批量:损失 {loss}',

  unchecked: '尚未检验',
  checking: '正在检验 {percent} %',
  proven: '✓ {total} 个梯度中 {proven} 个已证明',
  wrong: '✗ {total} 个中 {failed} 个错误',
  nothing: '○ 没有可检验的梯度',
  unclear: '? 未能判定:{total} 个中 {proven} 个已证明',
  checkFailed: '! 检验因错误而中止',
  checkNow: '立即检验',
  openReport: '显示每个梯度的检验结果',
  checkedAt: '于第 {step} 步',
  details: '全部数值',
  gradientsIntro: '网络的全部 {total} 个梯度,逐个与 CPU 上的 float64 有限差分比较。裕度比大于 1 即为错误。',

  reportTitle: '梯度检验',
  close: '关闭',
  reportIntro: '在第 {step} 步,GPU 对 {examples} 个样本做了一次前向和反向传播;随后在 CPU 上以 float64 有限差分逐个比较每个梯度的每个元素(用时 {seconds} 秒)。裕度比 = 差值 ÷ 容差,大于 1 即为错误。',
  reportLoss: '损失:GPU {gpu},参考值 {reference}。',
  tensor: '张量',
  shape: '形状',
  verdict: '结论',
  checked: '已检验',
  margin: '最大裕度比',
  bits: '一致的位数',
  ratio: '范数比',
  cosine: '余弦',
  worst: '最差的元素',
  worstText: '{index}:GPU {gpu},参考值 {reference} ± {error},容差 {tolerance}',
  gradientsOf: '各参数的梯度',
  valuesOf: '前向传播的结果',
  blame: '最先出错:{blame}',
  faults: '两种参考值不一致:',
  'verdict.pass': '✓ 已证明',
  'verdict.fail': '✗ 错误',
  'verdict.kink': '✓ 已证明(位于折点)',
  'verdict.below-noise': '○ 低于噪声',
  'verdict.unwritten': '✗ 从未写入',
  'verdict.reference-suspect': '? 参考值存疑',
  'verdict.nothing-to-check': '○ 没有可检验的',

  dismiss: '关闭提示',
  tryAgain: '重试',
  resetLower: '以十分之一的学习率重置',
  'trouble.no-webgpu': '此浏览器没有 WebGPU。',
  'trouble.insecure-origin': 'WebGPU 需要 https 或 localhost。',
  'trouble.no-adapter': '浏览器没有找到可用的 GPU。',
  'trouble.device-lost': 'GPU 再次丢失。',
  'trouble.diverged': '训练已发散:损失不再是有限的数。',
  'trouble.files': '这些文件无法使用,一切保持原样。',
  'trouble.settings': '此设置无法使用,一切保持原样。',
  'trouble.memory': 'GPU 容纳不下,一切保持原样。',
  'trouble.gpu': 'GPU 报告了错误。',
  'trouble.worker': '训练线程没有启动。',
  'trouble.unexpected': '出现了不应有的错误。',
  'advice.chrome': 'Chrome 与 Edge 自 113 版起支持 WebGPU。请更新浏览器,并确认设置中已开启图形加速。',
  'advice.android': 'Android 版 Chrome 自 121 版起支持 WebGPU,需要 Android 12 或更高版本。',
  'advice.linux': '在 Linux 上请打开 chrome://flags,启用“Unsafe WebGPU Support”和“Vulkan”,然后重启浏览器。chrome://gpu 会说明为何没有适配器。',
  'advice.safari': 'Safari 自 26 版起支持 WebGPU(macOS 26、iOS 26)。',
  'advice.firefox': 'Firefox 在 Windows 上自 141 版、在 Apple 芯片的 Mac 上自 145 版起支持 WebGPU;其他平台请用 Chrome 或 Edge。',
  'advice.other': '请使用当前版本的 Chrome、Edge、Safari 或 Firefox。',
  'advice.insecure': '请通过 https 提供此页面,或以 http://localhost 打开。',
  'advice.adapter': '请确认浏览器设置中已开启图形加速,且显卡驱动为最新。',
  'advice.diverged': '步长过大。请重置并减小学习率。',
  'advice.lost': '驱动已重置两次。请关闭其他使用 GPU 的页面,然后重试。',
  'advice.report': '请重新加载页面。若再次发生,请附上 GPU 名称报告此问题。',
  deviceLost: 'GPU 丢失({reason})。训练已在新设备上从第 {step} 步继续。',
};

const dictionaries = { en, zh } as const;
export type Lang = keyof typeof dictionaries;

const storageKey = 'chainrule.lang';

function isLang(value: string | null): value is Lang {
  return value === 'en' || value === 'zh';
}

/** `?lang=` beats the stored choice beats the browser's languages. */
function firstLang(): Lang {
  const asked = new URLSearchParams(location.search).get('lang');
  if (isLang(asked)) return asked;
  try {
    const stored = localStorage.getItem(storageKey);
    if (isLang(stored)) return stored;
  } catch {
    // Storage is off: the browser's languages decide.
  }
  const known = navigator.languages.map((name) => name.slice(0, 2).toLowerCase()).find(isLang);
  return known ?? 'en';
}

export const lang = signal<Lang>(firstLang());

export function chooseLang(next: Lang): void {
  lang.value = next;
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // It holds until the page is closed.
  }
  // The address would beat the choice at the next load.
  const url = new URL(location.href);
  if (url.searchParams.has('lang')) {
    url.searchParams.set('lang', next);
    history.replaceState(history.state, '', url);
  }
}

export type TextKey = Key;

/** The text for people, with `{name}` filled in. A component that calls it follows the language. */
export function t(key: Key, values: Readonly<Record<string, string | number>> = {}): string {
  return dictionaries[lang.value][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}

const locale = computed(() => (lang.value === 'zh' ? 'zh-CN' : 'en'));
const numbers = computed(() => new Intl.NumberFormat(locale.value));
const percents = computed(() => new Intl.NumberFormat(locale.value, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 }));

export function count(value: number): string {
  return numbers.value.format(value);
}

export function percent(value: number): string {
  return percents.value.format(value);
}

/** A measured number in at most `digits` significant digits; small and large ones with an exponent. */
export function figure(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(digits - 1) : value.toPrecision(digits);
  return text.replace('-', '−').replace('e-', 'e−').replace('e+', 'e');
}
