import type {
  ComplianceBoard,
  Control,
  ControlStatus,
  RawStatus,
  Waiver,
} from '../../../pack/compliance/model/index.js';
import { type CheckFinding, oldestSeen } from '../status/finding.js';
import { judgeControl } from '../status/verdict.js';
import { withWaivers } from '../status/waiving.js';
import type { ControlResult } from './evaluate.js';

/** A control as it is at one moment. */
export interface ControlView {
  readonly control: Control;
  readonly raw: RawStatus;
  readonly status: ControlStatus;
  readonly reason: string | undefined;
  readonly waiver: Waiver | undefined;
  readonly comingFrom: string | undefined;
  /** Of a control that has yet to take effect: whether it would be met today. */
  readonly isReady: boolean | undefined;
  readonly findings: ReadonlyMap<string, CheckFinding>;
  readonly evaluatedAt: Date | undefined;
  /** Of the oldest evidence that the state rests on. */
  readonly evidenceAt: Date | undefined;
}

export interface ViewContext {
  readonly now: Date;
  readonly timeZone: string;
  /** Why evaluations cannot be kept; what is not kept cannot be shown later, so nothing is claimed. */
  readonly evidenceProblem: string | undefined;
}

/** Judged anew at each question: evidence ages, waivers end and dates come also between two evaluations. */
export function viewOf(
  control: Control,
  result: ControlResult | undefined,
  { waivers }: Pick<ComplianceBoard, 'waivers'>,
  { now, timeZone, evidenceProblem }: ViewContext,
): ControlView {
  const { verdict, prospect, findings } = judgeControl(control, result?.findings ?? new Map(), { now, timeZone });
  const isClaimed = verdict.status !== 'not_applicable' && evidenceProblem !== undefined;
  const raw = isClaimed && verdict.status !== 'non_compliant' ? 'unknown' : verdict.status;
  const { status, waiver } = withWaivers(control.id, raw, waivers, { now, timeZone });
  return {
    control,
    raw,
    status,
    reason: isClaimed && raw === 'unknown' ? evidenceProblem : reasonOf(verdict),
    waiver,
    comingFrom: verdict.status === 'not_applicable' ? verdict.comingFrom : undefined,
    isReady:
      prospect === undefined
        ? undefined
        : evidenceProblem === undefined && (prospect === 'compliant' || prospect === 'at_risk'),
    findings,
    evaluatedAt: result?.evaluatedAt,
    evidenceAt: oldestSeen(findings.values()),
  };
}

function reasonOf(verdict: ReturnType<typeof judgeControl>['verdict']): string | undefined {
  if (verdict.status === 'compliant') return undefined;
  return verdict.status === 'not_applicable' ? verdict.reason : verdict.reasons.join('; ');
}
