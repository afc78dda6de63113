import { DateTime } from 'luxon';
import type { Attestation, Control } from '../../../pack/compliance/model/index.js';
import { dayIn } from '../obligations/deadlines/day.js';
import { unknownFinding } from '../status/finding.js';
import { statedFinding } from '../status/inline-tests.js';
import type { LookOf } from './look.js';

interface Needs {
  readonly control: Pick<Control, 'id'>;
  readonly attestations: readonly Attestation[];
  readonly timeZone: string;
}

const SOURCE = 'attestations';

/** What a person stated, until it expires. An expired statement shows nothing; one that says "not met" is a failure. */
export const lookByAttestation: LookOf<'attestation', Needs> =
  (check, { control, attestations, timeZone }) =>
  ({ now }) => {
    const today = dayIn(now, timeZone);
    const own = attestations.filter((each) => each.control === control.id && each.check === check.name);
    const stated = own.filter(({ statedOn }) => statedOn <= today).sort((a, b) => (a.statedOn < b.statedOn ? 1 : -1));
    const [newest] = stated;
    if (newest === undefined) {
      const reason = own.length === 0 ? 'nobody has stated it' : 'it is stated for a day that has not come';
      return Promise.resolve(unknownFinding(SOURCE, reason));
    }
    const ends = DateTime.fromISO(newest.statedOn, { zone: 'UTC' }).plus({ months: check.everyMonths });
    const daysLeft = ends.diff(DateTime.fromISO(today, { zone: 'UTC' }), 'days').days;
    const seen = { value: String(daysLeft), asOf: now, source: `${SOURCE}: ${newest.statedBy} on ${newest.statedOn}` };
    if (newest.outcome === 'met' || daysLeft < 0) return Promise.resolve(statedFinding(check.leadDays, daysLeft, seen));
    return Promise.resolve({ outcome: 'fail', seen, reason: 'it is stated not to be met' });
  };
