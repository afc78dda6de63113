import type { CompositeCheck, Control } from '../../../pack/compliance/model/index.js';
import { dayIn } from '../obligations/deadlines/day.js';
import { type CheckFinding, CLOCK_TOLERANCE_MS, oldestSeen, type SeenEvidence, unknownFinding } from './finding.js';

/** What is found of a control before waivers. Compliant holds the evidence of each check that counts. */
export type ControlVerdict =
  | JudgedByChecks
  | { readonly status: 'not_applicable'; readonly reason: string; readonly comingFrom?: string };

type JudgedByChecks =
  | { readonly status: 'compliant'; readonly evidence: readonly [SeenEvidence, ...SeenEvidence[]] }
  | { readonly status: 'at_risk' | 'non_compliant' | 'unknown'; readonly reasons: readonly string[] };

export interface JudgedControl {
  readonly verdict: ControlVerdict;
  /** Of a control that has yet to take effect: what it would be today. */
  readonly prospect: JudgedByChecks['status'] | undefined;
  /** Of each check, by name: what it means by now, as it may have become old since it was found. */
  readonly findings: ReadonlyMap<string, CheckFinding>;
}

/**
 * The order of evaluation: dates, applicability, age of evidence, checks. A proven failure counts before what is unknown,
 * and what is unknown before what passes.
 *
 * @param found by the name of the check; a check without a finding has not been evaluated.
 */
export function judgeControl(
  control: Control,
  found: ReadonlyMap<string, CheckFinding>,
  { now, timeZone }: { readonly now: Date; readonly timeZone: string },
): JudgedControl {
  const findings = currentFindings(control, found, now);
  const outside = notApplicable(control, dayIn(now, timeZone));
  const judged = verdictOf(control, findings);
  const isComing = outside?.status === 'not_applicable' && outside.comingFrom !== undefined;
  return {
    verdict: outside ?? judged,
    prospect: isComing && control.applicability.applies ? judged.status : undefined,
    findings,
  };
}

function notApplicable({ effective, applicability }: Control, today: string): ControlVerdict | undefined {
  const { from, to } = effective;
  if (from !== undefined && today < from) {
    return { status: 'not_applicable', reason: `it applies from ${from}`, comingFrom: from };
  }
  if (to !== undefined && today > to) return { status: 'not_applicable', reason: `it applied until ${to}` };
  if (applicability.applies) return undefined;
  const { reason, reviewBy } = applicability;
  if (today <= reviewBy) return { status: 'not_applicable', reason: `${reason}; to be reviewed by ${reviewBy}` };
  return { status: 'unknown', reasons: [`whether it applies was to be reviewed by ${reviewBy}: ${reason}`] };
}

function currentFindings(
  control: Control,
  found: ReadonlyMap<string, CheckFinding>,
  now: Date,
): ReadonlyMap<string, CheckFinding> {
  const findings = new Map<string, CheckFinding>();
  for (const { name, kind } of control.checks) {
    if (kind === 'composite') continue;
    const finding = found.get(name) ?? unknownFinding('', 'it was not evaluated yet');
    findings.set(name, aged(finding, control.evidenceMaxAgeSeconds, now));
  }
  for (const check of control.checks) {
    if (check.kind === 'composite') findings.set(check.name, composed(check, findings, now));
  }
  return findings;
}

/** Evidence that is too old, or from the future, shows nothing of the present. */
function aged(finding: CheckFinding, maxAgeSeconds: number, now: Date): CheckFinding {
  const { outcome, seen } = finding;
  if (outcome === 'unknown' || seen === undefined) return finding;
  const ageMs = now.getTime() - seen.asOf.getTime();
  if (ageMs < -CLOCK_TOLERANCE_MS) {
    return unknownFinding(
      seen.source,
      `the evidence is from the future (${seen.asOf.toISOString()}): a clock is wrong`,
      seen,
    );
  }
  if (ageMs <= maxAgeSeconds * 1000) return finding;
  return unknownFinding(seen.source, `the evidence of ${seen.asOf.toISOString()} is older than it may be`, seen);
}

function composed(
  { of, atLeast }: CompositeCheck,
  findings: ReadonlyMap<string, CheckFinding>,
  now: Date,
): CheckFinding {
  const members = of.map((name) => findings.get(name) ?? unknownFinding('', `there is no check ${name}`));
  const count = (...outcomes: readonly CheckFinding['outcome'][]) =>
    members.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const source = `checks ${of.join(', ')}`;
  const seen = { value: String(count('pass', 'at_risk')), asOf: oldestSeen(members) ?? now, source };
  if (count('pass') >= atLeast) return { outcome: 'pass', seen };
  const summary = `${count('pass', 'at_risk')} of ${of.length} pass, ${atLeast} must`;
  if (count('pass', 'at_risk') >= atLeast)
    return { outcome: 'at_risk', seen, reason: `${summary}, and some are at risk` };
  // Enough could still pass, if it were known.
  if (count('pass', 'at_risk', 'unknown') >= atLeast)
    return unknownFinding(source, `${summary}; ${count('unknown')} are unknown`, seen);
  return { outcome: 'fail', seen, reason: summary };
}

/** Members of a composite count through it. */
function verdictOf(control: Control, findings: ReadonlyMap<string, CheckFinding>): JudgedByChecks {
  const members = new Set(control.checks.flatMap((check) => (check.kind === 'composite' ? check.of : [])));
  const counting = control.checks.filter(({ name }) => !members.has(name));
  const named = counting.map((check) => ({
    check,
    finding: findings.get(check.name) ?? unknownFinding('', 'not evaluated'),
  }));
  for (const [outcome, status] of worstFirst) {
    const reasons = named.flatMap(({ check, finding }) =>
      finding.outcome === outcome ? [`${check.title}: ${finding.reason}`] : [],
    );
    if (reasons.length > 0) return { status, reasons };
  }
  const evidence = named.flatMap(({ finding }) => (finding.outcome === 'pass' ? [finding.seen] : []));
  const [first, ...others] = evidence;
  if (first === undefined) return { status: 'unknown', reasons: ['it has no checks, so nothing shows that it is met'] };
  return { status: 'compliant', evidence: [first, ...others] };
}

const worstFirst = [
  ['fail', 'non_compliant'],
  ['unknown', 'unknown'],
  ['at_risk', 'at_risk'],
] as const;
