/** The intervals of the demo. The windows of the rules stay unchanged; only measurements become more frequent. */
export interface DemoPace {
  readonly scrapeSeconds: number;
  readonly evaluationSeconds: number;
  /** Evaluate the rules at that pace too, and not as often as their files say. */
  readonly hastenRules: boolean;
  /** Time between runs of a workflow, at least one second above its SLA; undefined leaves pack.yaml's. */
  readonly probeSeconds?: number;
  /** Time between two scans of a ciphertext column; the demo's tables are small. */
  readonly scanSeconds: number;
  /** Time between two polls of the audit trail's counters; exact checks run half as often. */
  readonly auditPollSeconds: number;
  /** Time between two evaluations of a compliance control. */
  readonly complianceSeconds: number;
  /** Alertmanager's waits; undefined leaves the shipped ones. */
  readonly notifySeconds?: number;
}

export const ordinaryPace: DemoPace = {
  scrapeSeconds: 15,
  evaluationSeconds: 15,
  hastenRules: false,
  scanSeconds: 30,
  auditPollSeconds: 10,
  complianceSeconds: 15,
};

/** The fast setting: an alert reaches the receiver within half a minute. */
export const fastPace: DemoPace = {
  scrapeSeconds: 5,
  evaluationSeconds: 5,
  hastenRules: true,
  probeSeconds: 2,
  scanSeconds: 5,
  auditPollSeconds: 3,
  complianceSeconds: 3,
  notifySeconds: 2,
};
