/** Thresholds that no description gives, each with its reason. */
export const workflowSettings = {
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
  login: { forSeconds: 300 },
} as const;
