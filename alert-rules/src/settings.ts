/**
 * Thresholds that no promise of the portal decides, so that they are not in `pack.yaml`. Each has its reason; none is
 * repeated elsewhere.
 */
export const settings = {
  /** A critical window of 5 minutes deserves more than five looks. */
  intervalSeconds: 30,
  /** Long windows sum slices of this length: 3 days of raw 15 s samples for each evaluation would be 17,280 a series. */
  sliceSeconds: 300,
  /** Groups are evaluated in any order or at once, and what vmalert records can be read only some seconds later. */
  settledSeconds: 60,
  /** Up to here windows read raw counters, because they decide how fast an alert fires and recovers. */
  rawWindowSeconds: 7_200,
  /** Long enough to notice that something is gone, short enough that a decommissioned exporter soon stops alerting. */
  memorySeconds: 3_600,
  /** One late run is noise, two are a busy portal, three are a schedule that stands still. */
  stalledIntervals: 3,
  stalledForSeconds: 60,
  /** Less than this share of the budget left is worth a look before anything burns. */
  atRiskBudgetRatio: 0.25,
  tainted: { windowSeconds: 3_600, ratio: 0.2, forSeconds: 3_600 },
  dropped: { windowSeconds: 1_800, ratio: 0.1, minimum: 3, forSeconds: 900 },
  /**
   * Two of the last five minutes: a request that is given up frees its place until the next one hangs, and the alert must
   * not come and go with that.
   */
  unanswered: { windowSeconds: 300, ratio: 0.4, forSeconds: 30 },
  /** A turn under way is due and not yet measured. */
  turnsUnderWay: 1,
  /** Slices that may be missing because the period ends between two of them, before it means that rules were not evaluated. */
  slicesUnderWay: 2,
  /** An internal certificate authority commonly needs a change request with two weeks' notice. */
  certificate: { warnDays: 21, criticalDays: 7, forSeconds: 900 },
  /** One is enough: nothing was learned of the portal in that turn, and the cause rarely goes by itself. */
  ownFault: { windowSeconds: 900, forSeconds: 300 },
  login: { forSeconds: 300 },
  exporterDownForSeconds: 300,
  configReloadForSeconds: 300,
  collectorForSeconds: 600,
  stateForSeconds: 300,
  /** A rolling restart with another number of shares passes in the meantime. */
  shardsForSeconds: 900,
  /** A thread that hangs is noticed after 10 s and waits up to a minute: at worst it restarts ten times in a quarter of an hour. */
  threadRestarts: { windowSeconds: 900, atLeast: 3 },
  /** How long an event, such as a replaced trigger, stays an alert after it was seen. */
  eventSeconds: 3_600,
} as const;
