import { checkNumber, checkObject, OptionError, show } from '../errors.ts';

/** `cpu`: a software adapter, for which barriers and workgroup memory are slow. `gpu`: everything else. */
export type AdapterClass = 'cpu' | 'gpu';

export interface AdapterFacts {
  /** For people: `SwiftShader (google, software)`. */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly adapterClass: AdapterClass;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|warp|basic render|software/i;

export function describeAdapter(adapter: GPUAdapter): AdapterFacts {
  const { vendor, architecture, device, description } = adapter.info;
  const fallback = adapter.info.isFallbackAdapter === true;
  const software = fallback || SOFTWARE.test(`${architecture} ${device} ${description}`);
  const title = description || device || architecture || vendor || 'unnamed adapter';
  const readable = /swiftshader/i.test(`${title} ${architecture}`) ? 'SwiftShader' : title;
  return {
    name: `${readable} (${[vendor, architecture, software ? 'software' : ''].filter((part) => part && part !== readable.toLowerCase()).join(', ')})`,
    vendor, architecture, device, description,
    adapterClass: software ? 'cpu' : 'gpu',
  };
}

/** True where an adapter runs four lanes as one: then it may be worth a probe. */
export function mayHaveQuads({ features, info }: GPUAdapter): boolean {
  return features.has('subgroups') && info.subgroupMinSize === 4 && info.subgroupMaxSize === 4;
}

/** What the browser said, as it may stand in a message: one line of at most 160 characters. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}

/** Asks for an adapter; every way in which there can be none has its own typed error. */
export async function requestAdapter(powerPreference: GPUPowerPreference | undefined): Promise<GPUAdapter> {
  const { isSecureContext, navigator } = globalThis as { isSecureContext?: boolean; navigator?: { gpu?: GPU } };
  let got = 'none';
  if (isSecureContext !== false) {
    try {
      const adapter = await navigator?.gpu?.requestAdapter(powerPreference ? { powerPreference } : {});
      if (adapter) return adapter;
    } catch (error) {
      got = `a refusal (${oneLine(String(error))})`;
    }
  }
  throw (await import('./no-adapter.ts')).noAdapter(got);
}

/** What large nets need beyond WebGPU's defaults. Each is asked for as far as the adapter has it. */
const WANTED = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage'] as const;

/** min(wanted, adapter) for every limit that is worth raising: the most the adapter has, unless the caller wants less. */
export function wantedLimits(adapter: GPUAdapter, wanted: Readonly<Record<string, number>> = {}): Record<string, number> {
  checkObject('openDevice', 'limits as an object of numbers', wanted);
  const limits: Record<string, number> = {};
  for (const name of WANTED) limits[name] = adapter.limits[name];
  for (const [name, value] of Object.entries(wanted)) {
    const most = adapter.limits[name as keyof GPUSupportedLimits] as unknown;
    if (typeof most !== 'number') {
      throw new OptionError('openDevice', 'limits that WebGPU knows', `an unknown limit ${show(name)}`);
    }
    checkNumber('openDevice', `limits.${name}`, value, { integer: true, min: 1 });
    // An alignment is better the smaller it is.
    limits[name] = name.startsWith('min') ? Math.max(value, most) : Math.min(value, most);
  }
  return limits;
}
