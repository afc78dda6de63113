import type { Entry } from './read.js';

/** A request that becomes a step, and the answer that its redirects ended with. */
export interface Kept {
  readonly request: Entry;
  readonly answer: Entry;
  readonly durationMs: number;
}
