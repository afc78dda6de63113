import {
  type ComplianceArea,
  type ControlSeverity,
  type ControlStatus,
  controlStatuses,
  severityWeights,
} from '../../../pack/compliance/model/index.js';

export interface RolledUp {
  readonly area: ComplianceArea;
  readonly severity: ControlSeverity;
  readonly status: ControlStatus;
  /** Evidence of each of its checks is there and fresh. */
  readonly hasFreshEvidence: boolean;
}

export interface AreaSummary {
  readonly counts: Readonly<Record<ControlStatus, number>>;
  /** All but those that do not apply: the one denominator. */
  readonly applicable: number;
  /**
   * Weighted share of compliant controls, 0..1. Waived and unknown ones stay in the denominator. Undefined where nothing
   * applies: that is no 100 %.
   */
  readonly score: number | undefined;
  readonly freshRatio: number | undefined;
  readonly worst: ControlStatus | undefined;
}

export type StatusCounts = Pick<AreaSummary, 'counts' | 'applicable'>;

export function countStatuses(controls: readonly Pick<RolledUp, 'status'>[]): StatusCounts {
  const counts = { non_compliant: 0, unknown: 0, at_risk: 0, waived: 0, compliant: 0, not_applicable: 0 };
  for (const { status } of controls) counts[status] += 1;
  return { counts, applicable: controls.length - counts.not_applicable };
}

export function summarise(controls: readonly RolledUp[]): AreaSummary {
  const { counts } = countStatuses(controls);
  const applicable = controls.filter(({ status }) => status !== 'not_applicable');
  const weightOf = (some: readonly RolledUp[]) =>
    some.reduce((sum, { severity }) => sum + severityWeights[severity], 0);
  const share = (part: number, whole: number) => (whole === 0 ? undefined : part / whole);
  return {
    counts,
    applicable: applicable.length,
    score: share(weightOf(applicable.filter(({ status }) => status === 'compliant')), weightOf(applicable)),
    freshRatio: share(applicable.filter(({ hasFreshEvidence }) => hasFreshEvidence).length, applicable.length),
    worst: controlStatuses.find((status) => counts[status] > 0),
  };
}
