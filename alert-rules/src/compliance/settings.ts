/** Thresholds that no description gives, each with its reason. */
export const complianceSettings = {
  /** The exporter has waited already, by the control's own `failsAfter`; this bridges a scrape that was missed. */
  failingForSeconds: 60,
  /** Sources restart and registers are locked for a while; an hour without evidence is worth a ticket. */
  unknownForSeconds: 3_600,
  atRiskForSeconds: 900,
  /** Controls are evaluated at least as often as their evidence may age; a board on which none is has stopped. */
  evaluation: { leastSeconds: 900, forSeconds: 300 },
  /** Prometheus restarts and replays its journal; a database fails over. */
  sourceForSeconds: 900,
  evidenceForSeconds: 300,
  /** Checkpoints come each minute, or by the seal's own interval. */
  seal: { staleSeconds: 3_600, forSeconds: 300 },
  /** The handbook's promise of validation accuracy. */
  accuracyRatio: 0.999,
  /** The evaluator is examined each five minutes. */
  examination: { staleSeconds: 3_600, forSeconds: 300 },
  /** Time to extend a waiver with its approval, and time to do it at once. */
  waiver: { soonSeconds: 30 * 86_400, nextSeconds: 7 * 86_400, newsSeconds: 7 * 86_400 },
  register: { forSeconds: 3_600 },
  /** A change that takes effect within this time needs its controls. */
  change: { soonSeconds: 30 * 86_400, forSeconds: 3_600 },
} as const;
