import type { ObligationFinding } from '../obligations/finding.js';
import { unknownFinding } from '../status/finding.js';
import type { LookContext, LookOf } from './look.js';

interface Needs {
  /** The newest reading, or a new one. */
  readonly obligation: (name: string, context: LookContext) => Promise<ObligationFinding | undefined>;
}

/** Every open case is inside its deadline: the value is how many are overdue. */
export const lookByDeadline: LookOf<'deadline', Needs> =
  (check, { obligation }) =>
  async (context) => {
    const source = `register of ${check.obligation}`;
    const found = await obligation(check.obligation, context);
    if (found === undefined) return unknownFinding(source, `the board names no obligation ${check.obligation}`);
    const { outcome, reason, overdue, asOf } = found;
    if (outcome === 'unknown' || overdue === undefined) return unknownFinding(source, reason);
    const seen = { value: String(overdue), asOf: asOf ?? context.now, source };
    return outcome === 'pass' ? { outcome, seen } : { outcome, seen, reason };
  };
