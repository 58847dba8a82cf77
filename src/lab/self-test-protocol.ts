// What the page and the self-test's worker say to each other. One worker does one test; ending the worker cancels it.
import type { AdapterFacts } from 'chainrule';
import type { SelfTestData, SelfTestProgress } from 'chainrule/gradcheck';
import type { Trouble } from './protocol.ts';

export interface SelfTestRequest {
  readonly all: boolean;
}

export type SelfTestEvent =
  | { readonly type: 'adapter'; readonly facts: AdapterFacts }
  | { readonly type: 'progress' } & SelfTestProgress
  | { readonly type: 'result'; readonly test: SelfTestData; /** For an issue, and for tools. */ readonly markdown: string; readonly json: string }
  | { readonly type: 'trouble'; readonly trouble: Trouble };
