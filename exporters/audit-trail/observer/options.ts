export interface ObserverOptions {
  /** How long two sides of an equality may differ because backends report late; PostgreSQL's own limit is 10 s. */
  readonly settleMs: number;
  /** Records per window of the incremental checks. */
  readonly windowRows: number;
  /** An overlap re-scan reaches this much further back than the oldest open transaction. */
  readonly overlapMarginMs: number;
  /** How often the description of the audit table is read anew: its columns, indexes, sequence, partitions. */
  readonly shapeEveryMs: number;
  readonly now: () => number;
}

export const defaultOptions: ObserverOptions = {
  settleMs: 11_000,
  windowRows: 10_000,
  overlapMarginMs: 5_000,
  shapeEveryMs: 60_000,
  now: () => Date.now(),
};
