import type { Logger } from './log.js';
import type { Family } from './metrics/family.js';

export interface CollectContext {
  /** Aborts at the deadline of this page. Whatever leaves the process must take it. */
  readonly signal: AbortSignal;
  /** When this page was asked for; one and the same for all its collectors. */
  readonly now: Date;
  readonly log: Logger;
}

/** Nothing to show yet, and that is no failure: the first run is not over, or this portal has no such thing. */
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
