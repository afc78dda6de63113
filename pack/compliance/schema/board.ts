import { z } from 'zod';
import { database } from '../../postgres/schema/database.js';
import { url } from '../../reading/schema/patterns.js';
import { count, expected, flag, isoDate, list, name, named, oneOf, section, text } from '../../reading/schema/say.js';
import { days, duration } from '../../reading/schema/units.js';
import { seal } from '../../sealing/schema.js';
import { importFormats } from '../model/board.js';

const months = section({
  months: count(1, 120).describe('Calendar months: the corresponding day, or the last day of the month.'),
  rolls: flag()
    .prefault(true)
    .describe('Whether a deadline on a day that is not worked moves to the next one. Default true.'),
});
const daysRule = section({
  days: count(1, 3660).describe('Calendar days.'),
  startIsDayOne: flag().prefault(false).describe('Whether the day of the start is the first of them. Default false.'),
  rolls: flag()
    .prefault(false)
    .describe('Whether a deadline on a day that is not worked moves to the next one. Default false.'),
});
const hours = section({ hours: count(1, 87_600).describe('Elapsed hours, over weekends and clock changes.') });
const businessDays = section({ businessDays: count(1, 2600).describe('Days on which the calendar is open.') });

const ruleForm = 'a map of months:, days:, hours: or businessDays:';
const deadlineRule = z.union([months, daysRule, hours, businessDays], { error: expected(ruleForm) });
export type ParsedDeadlineRule = z.output<typeof deadlineRule>;

const registerForm = 'a map of query: and database:, or of file: and format:';
const register = z.union(
  [
    section({
      database: name().describe('Database of databases:.'),
      query: text().describe('Gives a row for each case; docs/obligations.md lists the columns.'),
    }),
    section({
      file: text().describe('File of the register, relative to this file.'),
      format: oneOf(['csv', 'json']).describe('How it is written.'),
    }),
  ],
  { error: expected(registerForm) },
);

const obligation = section({
  title: text().describe('Name for people.'),
  ruleText: text().describe('The rule in words, such as: one calendar month from receipt.'),
  rule: deadlineRule.describe('How the deadline follows from the start.'),
  extended: deadlineRule.exactOptional().describe('The rule of a case that was extended, from the same start.'),
  lead: duration().describe('Time before the deadline in which a case is at risk.'),
  calendar: name().exactOptional().describe('Calendar of calendars:. Default: that of the board.'),
  conservative: flag().prefault(false).describe('One day earlier, where the statute can be read so. Default false.'),
  register: register.describe('Where cases are read. Only counts and times leave it.'),
  schedule: section({
    firstPeriodEnds: isoDate().describe('End of the first period for which a return is due.'),
    everyMonths: count(1, 60).describe('Months between two ends.'),
  })
    .exactOptional()
    .describe('Of returns: each period needs a case.'),
  silentAfter: duration()
    .exactOptional()
    .describe('A register without a new case for this long shows nothing any more. Default: no limit.'),
});
export type ParsedObligation = z.output<typeof obligation>;

const catalogue = text().describe(
  'A shipped catalogue, such as uk-wealth, or a file or folder, which begins with ./, ../ or /.',
);

export const board = section({
  title: text().describe('Name for people.'),
  portal: name().describe('Portal whose compliance it is. A portal has one board.'),
  team: name().describe('Team that answers for the board.'),
  calendar: name().describe('Calendar of calendars: its time zone says when a day begins.'),
  catalogues: list(catalogue, 'catalogues')
    .min(1, { error: expected('at least one catalogue') })
    .describe('Where the controls are described.'),
  profile: text()
    .exactOptional()
    .describe(
      'Selects and tailors controls: a shipped one, such as kingston, or a file, which begins with ./, ../ or /. Default: all, as they are.',
    ),
  waivers: text().exactOptional().describe('File of waivers.'),
  attestations: text().exactOptional().describe('File of attestations.'),
  changes: text().exactOptional().describe('File of published changes of the rules.'),
  prometheus: section({
    url: url('full', 'http://127.0.0.1:9090').describe('Address of Prometheus, or of what speaks its API.'),
    username: text().exactOptional().describe('Name for basic authentication; may be a reference.'),
    password: text().exactOptional().describe('Its password, as a reference.'),
    bearerToken: text().exactOptional().describe('Token, as a reference.'),
    caFile: text().exactOptional().describe('Certificates to trust, PEM. Default: those of Node.js.'),
  })
    .exactOptional()
    .describe('Where PromQL is evaluated. Without it, checks by PromQL are unknown.'),
  databases: named(database(), 'databases')
    .prefault({})
    .describe('Databases of checks and registers. The roles only read.'),
  obligations: named(obligation, 'obligations').prefault({}).describe('Cases with a deadline.'),
  imports: named(
    section({
      format: oneOf(importFormats).describe('Which tool wrote it.'),
      file: text().describe('File of results, relative to this file.'),
      maxAge: duration().describe('Results that are older are no evidence.'),
    }),
    'imports',
  )
    .prefault({})
    .describe('Results of other tools.'),
  evidence: section({
    retention: days(36_600).prefault('2555d').describe('How long evaluations are kept. Default 2555d.'),
    directory: text()
      .exactOptional()
      .describe("Folder of the embedded store. Default: the exporter's state directory."),
    database: database()
      .exactOptional()
      .describe('PostgreSQL instead of the embedded store. The role writes to its own schema.'),
    seal: seal.exactOptional().describe('Seals evaluations as an audit trail is sealed. Default: they are not sealed.'),
  })
    .prefault({})
    .describe('Where evaluations are kept.'),
});
export type ParsedBoard = z.output<typeof board>;
