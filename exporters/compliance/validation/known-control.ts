import type { Control, ControlCheck, ControlStatus } from '../../../pack/compliance/model/index.js';
import type { CheckFinding } from '../status/finding.js';
import { judgeControl } from '../status/verdict.js';

/** What all questions have in common: the value must be 0. */
export const knownCheck = {
  name: 'known',
  title: 'Known answer',
  unit: 'count',
  failsAfterMs: 0,
  expect: { operator: '==', limit: 0 },
} as const;

/** Whether the evaluator makes of a finding what it must, and what to say where it does not. */
export function judgedKnown(
  question: string,
  check: ControlCheck,
  found: CheckFinding,
  want: ControlStatus,
  now: Date,
): { readonly isRight: boolean; readonly what: string } {
  const control = { ...knownControl, checks: [check] };
  const { status } = judgeControl(control, new Map([[check.name, found]]), { now, timeZone: 'UTC' }).verdict;
  return { isRight: status === want, what: `${question} is judged ${status}, and not ${want}` };
}

const knownControl: Omit<Control, 'checks'> = {
  id: 'KNOWN',
  title: 'Known answers',
  area: 'security_compliance',
  owner: '',
  severity: 'low',
  statement: '',
  effective: {},
  applicability: { applies: true },
  references: [],
  evidenceMaxAgeSeconds: 60,
  intervalMs: 60_000,
  timeoutMs: 10_000,
  tests: [],
  catalogue: '',
};
