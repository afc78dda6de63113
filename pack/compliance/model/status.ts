/** The six states of a control, worst first. The order is the one of every list, roll-up and timeline. */
export const controlStatuses = [
  'non_compliant',
  'unknown',
  'at_risk',
  'waived',
  'compliant',
  'not_applicable',
] as const;
export type ControlStatus = (typeof controlStatuses)[number];

/** What checks can find; waivers and applicability come after. */
export type RawStatus = Exclude<ControlStatus, 'waived'>;

/** Weight of a control in the score of its area. */
export const severityWeights = { critical: 10, high: 5, medium: 2, low: 1 } as const;
