import type { Logger } from './log.js';
import type { Family } from './metrics/family.js';

export interface CollectContext {
  /** Aborts at the deadline of this page. Every request to another process must use it. */
  readonly signal: AbortSignal;
  /** When this page was requested; the same for all its collectors. */
  readonly now: Date;
  readonly log: Logger;
}

/** No data yet, which is not a failure: the first run has not ended, or this portal does not have it. */
export interface NoData {
  readonly noData: string;
}

export type Collected = readonly Family[] | NoData;

export interface Collector {
  /** Unique among all collectors of a process; the `collector` label. */
  readonly name: string;
  collect(context: CollectContext): Collected | Promise<Collected>;
}

export function noData(reason: string): NoData {
  return { noData: reason };
}

export function isNoData(collected: Collected): collected is NoData {
  return 'noData' in collected;
}
