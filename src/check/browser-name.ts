interface Brand {
  readonly brand: string;
  readonly version: string;
}

/** What browsers say of themselves. */
export interface BrowserFacts {
  readonly userAgent?: string;
  readonly userAgentData?: { readonly brands?: readonly Brand[] };
}

/** The engine that compiles shaders, with its major version: `chromium 156`, `firefox 141`, `safari 26`; `node` outside browsers. */
export function browserName({ userAgent = '', userAgentData }: BrowserFacts = (globalThis as { navigator?: BrowserFacts }).navigator ?? {}): string {
  // Chrome, Edge and others share Chromium's WebGPU, so they share its figures.
  const chromium = userAgentData?.brands?.find(({ brand }) => brand === 'Chromium')?.version ?? /Chrom(?:e|ium)\/(\d+)/.exec(userAgent)?.[1];
  if (chromium) return `chromium ${chromium}`;
  const firefox = /Firefox\/(\d+)/.exec(userAgent)?.[1];
  if (firefox) return `firefox ${firefox}`;
  const safari = /Version\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//.exec(userAgent)?.[1];
  if (safari) return `safari ${safari}`;
  return userAgent === '' || userAgent.startsWith('Node.js') ? 'node' : 'unknown browser';
}
