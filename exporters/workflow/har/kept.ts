import type { HarEntry } from './read.js';

/** A request that becomes a step, and the answer that its redirects ended with. */
export interface StepRequest {
  readonly request: HarEntry;
  readonly answer: HarEntry;
  readonly durationMs: number;
}
