import type { Device } from '../../gpu/device.ts';
import type { Request } from '../../ops/request.ts';

/** What a request asks for, whole: the same work has the same key, whoever asks. */
export const requestKey = ({ family, spec }: Pick<Request, 'family' | 'spec'>): string => JSON.stringify([family.name, spec]);

/** Work of about that size: each number of the spec rounded to a power of two, zeros and signs kept, and of each list how long it is. */
export function sizeClass({ family, spec }: Pick<Request, 'family' | 'spec'>): string {
  const parts = Object.entries(spec).flatMap(([name, value]: [string, unknown]) => {
    if (Array.isArray(value)) return value.length > 0 ? [`${value.length} ${name}`] : [];
    if (typeof value === 'number') return [`${name} ${value && Math.sign(value) * 2 ** Math.round(Math.log2(Math.abs(value)))}`];
    return value === false || value === undefined ? [] : [value === true ? name : `${name} ${JSON.stringify(value)}`];
  });
  return `${family.name}: ${parts.sort().join(', ')}`;
}

/** The adapter as choices know it: what differs in it may run kernels at other speeds. */
export function adapterKey({ facts: { vendor, architecture, device, adapterClass } }: Pick<Device, 'facts'>): string {
  return [vendor, architecture, device, adapterClass].join(' ').replace(/\s+/g, ' ').trim();
}

/** The program that runs shaders, with its major version: `Chrome 156`, `Node.js 24`. */
export function browserKey(scope: { readonly navigator?: { readonly userAgent?: string }; readonly process?: { readonly versions?: { readonly node?: string } } } = globalThis): string {
  // Node 20 has no navigator.
  const node = scope.process?.versions?.node;
  const agent = scope.navigator?.userAgent ?? (node ? `Node.js/${node}` : '');
  const [, name, version] = /(Firefox|Chrome|Node\.js|Version)\/(\d+)/.exec(agent) ?? [];
  return name ? `${name} ${version}` : agent || 'unknown';
}

/**
 * The key of a stored choice: SHA-256 of the adapter, the browser, the work, and the texts of all kernels that compete. Whatever changes
 * a kernel makes another key, so that it is measured again.
 */
export async function storedKey(parts: readonly string[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(parts.join('\0')));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
