// What the page and the Node program do when the command asks: the same requests, the same answers.
import { cases, caseNamed, peersOf } from '../cases/index.ts';
import type { Contestant, Peer } from '../contestants/contestant.ts';
import { measureCeilings, type Ceilings } from './ceilings.ts';
import { installCounters } from './counters.ts';
import { measure, type Measured, type MeasureOptions } from './measure.ts';

export type BenchRequest =
  | { readonly ask: 'about' }
  | { readonly ask: 'ceilings' }
  | { readonly ask: 'case'; readonly name: string; readonly peers: readonly Peer[]; readonly options: MeasureOptions }
  | { readonly ask: 'sweep'; readonly name: string; readonly options: MeasureOptions };

export interface CaseFacts {
  readonly name: string;
  readonly kind: string;
  readonly large: boolean;
  readonly flops: number | null;
  readonly bytes: number | null;
  /** Who takes part. */
  readonly peers: readonly Peer[];
}

export interface About {
  readonly adapter: { readonly name: string; readonly vendor: string; readonly architecture: string; readonly device: string; readonly description: string; readonly class: string };
  readonly cases: readonly CaseFacts[];
  readonly sweeps: readonly { readonly name: string; readonly note: string }[];
}

export interface SweepPoint {
  readonly label: string;
  readonly flops: number;
  readonly ms: number;
}

export type BenchAnswer = About | Ceilings | readonly Measured[] | readonly SweepPoint[];

/** Loads a contestant's library when it is first asked for. Peers that can't run here are left out. */
export type Loaders = Readonly<Partial<Record<Peer, () => Promise<Contestant>>>>;

const missing = (peer: Peer): Contestant => ({ peer, start: () => Promise.reject(new Error(`${peer} is not known here`)) });

export async function answer(request: BenchRequest, loaders: Loaders, say: (line: string) => void): Promise<BenchAnswer> {
  installCounters();
  switch (request.ask) {
    case 'about': {
      const { openDevice } = await import('chainrule');
      const { sweeps } = await import('../cases/sweeps.ts');
      const { facts } = await openDevice();
      const { name, vendor, architecture, device, description, adapterClass } = facts;
      return {
        adapter: { name, vendor, architecture, device, description, class: adapterClass },
        cases: cases.map((one) => ({ name: one.name, kind: one.kind, large: one.large === true, flops: one.flops ?? null, bytes: one.bytes ?? null, peers: peersOf(one) })),
        sweeps: sweeps.map(({ name: sweep, note }) => ({ name: sweep, note })),
      };
    }
    case 'ceilings': return measureCeilings();
    case 'case': {
      const contestants: Contestant[] = [];
      for (const peer of request.peers) contestants.push(await (loaders[peer] ?? (async () => missing(peer)))());
      return measure(caseNamed(request.name), contestants, request.options, say);
    }
    case 'sweep': {
      const { runSweep } = await import('./sweep.ts');
      const load = loaders.chainrule;
      if (!load) throw new Error('bench: needs chainrule for a sweep, got none.');
      return runSweep(request.name, await load(), request.options, say);
    }
  }
}
