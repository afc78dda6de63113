import type { Control, ControlCheck, ControlTest } from '../../../pack/compliance/model/index.js';
import { compareWith } from './compare.js';
import { decimalOf } from './decimal.js';
import { ageLimits } from './expectation.js';
import { type CheckFinding, type SeenEvidence, unknownFinding } from './finding.js';
import { judgeControl } from './verdict.js';

export interface InlineTestResult {
  readonly test: ControlTest;
  readonly got: ControlTest['want'];
  readonly isRight: boolean;
}

/** The place does not matter: known answers carry no dates. */
const where = { now: new Date(0), timeZone: 'UTC' };

/** Runs a control's known answers through the code that judges real values. */
export function runInlineTests(control: Control): readonly InlineTestResult[] {
  return control.tests.map((test) => {
    const got = answerTo(control, test);
    return { test, got, isRight: got === test.want };
  });
}

function answerTo(control: Control, { given }: ControlTest): ControlTest['want'] {
  const found = new Map(
    control.checks.flatMap((check): (readonly [string, CheckFinding])[] => {
      const value = Object.hasOwn(given, check.name) ? given[check.name] : undefined;
      return check.kind === 'composite' || value === undefined ? [] : [[check.name, findingFor(check, value)]];
    }),
  );
  // Dates and applicability are not what the known answers are about.
  const applicable: Control = { ...control, effective: {}, applicability: { applies: true } };
  const { status } = judgeControl(applicable, found, where).verdict;
  return status === 'not_applicable' ? 'unknown' : status;
}

/** What the check says of this value, as if it had seen it now. */
function findingFor(check: ControlCheck, value: number): CheckFinding {
  const text = decimalOf(value);
  if (text === undefined) return unknownFinding('test', 'not a number');
  const seen = { value: text, asOf: where.now, source: 'test' };
  switch (check.kind) {
    case 'promql':
    case 'sql':
    case 'http':
      return compareWith(check.expect, seen);
    case 'freshness':
      return compareWith(ageLimits(check.maxAgeSeconds, check.warnAgeSeconds), seen);
    case 'attestation':
      return statedFinding(check.leadDays, value, seen);
    case 'deadline':
      return deadlineFinding(value, seen);
    case 'imported':
      return compareWith({ operator: '==', limit: 0 }, seen);
    case 'composite':
      return unknownFinding('test', 'a composite has no value of its own');
  }
}

/** In known answers the value of an attestation is the days that are left of it; below 0 it has expired. */
export function statedFinding(leadDays: number, daysLeft: number, seen: SeenEvidence): CheckFinding {
  if (daysLeft < 0) return unknownFinding(seen.source, `the statement expired ${-daysLeft} days ago`, seen);
  if (daysLeft < leadDays) return { outcome: 'at_risk', seen, reason: `the statement expires in ${daysLeft} days` };
  return { outcome: 'pass', seen };
}

/** In known answers the value of a deadline is how many cases are overdue; a fraction below 1 means one inside its lead. */
function deadlineFinding(value: number, seen: SeenEvidence): CheckFinding {
  if (value >= 1) return { outcome: 'fail', seen, reason: `${value} are overdue` };
  return value > 0 ? { outcome: 'at_risk', seen, reason: 'one is due soon' } : { outcome: 'pass', seen };
}
