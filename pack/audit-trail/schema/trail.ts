import { z } from 'zod';
import { database } from '../../postgres/schema/database.js';
import { tableName, tablePattern } from '../../postgres/schema/texts.js';
import { count, expected, isoDate, list, name, oneOf, section, text } from '../../reading/schema/say.js';
import { days, duration, interval, ratio } from '../../reading/schema/units.js';
import { seal } from '../../sealing/schema.js';
import { attributionFields, auditOperations } from '../model.js';
import { comparisonsOrNames } from './comparisons.js';
import { records } from './records.js';

const scope = section({
  schemas: list(text(), 'schema names')
    .min(1, { error: expected('at least one schema') })
    .prefault(['public'])
    .describe('Schemas whose tables must be audited. Default public.'),
  include: list(tablePattern(), 'tables such as public.client_*')
    .prefault([])
    .describe('Tables as schema.table, * for any characters. Default: every table of the schemas.'),
  exclude: list(
    section({
      table: tablePattern().describe('Table as schema.table, * for any characters.'),
      reason: text().describe('Why it need not be audited: an auditor will ask.'),
    }),
    'maps of table: and reason:',
  )
    .prefault([])
    .describe('Tables that need not be audited, each with its reason.'),
  operations: list(oneOf(auditOperations), `operations of ${auditOperations.join(', ')}`)
    .min(1, { error: expected('at least one operation') })
    .prefault([...auditOperations])
    .describe('Operations that must be recorded. Default: all four.'),
});

const attribution = section({
  machineActors: list(text(), 'actor names')
    .prefault([])
    .describe('Actors that are machines, * for any characters; counted apart.'),
  sharedActors: list(text(), 'actor names')
    .prefault([])
    .describe('Accounts that several people use, so that they name nobody.'),
  actors: section({
    table: tableName().describe('Table as schema.table, in the same database; people who left stay in it.'),
    column: text().describe('Its column that holds what records name as the actor.'),
  })
    .exactOptional()
    .describe('Where every actor of a human must be found. Default: it is not checked whether an actor exists.'),
  required: list(oneOf(attributionFields), `fields of ${attributionFields.join(', ')}`)
    .prefault(['actor', 'at', 'rowKey'])
    .describe('Fields that every record of a human must fill. Default actor, at and rowKey.'),
});

const observe = section({
  interval: interval().prefault('15s').describe('Time between two polls of counters and catalogue. Default 15s.'),
  confirmInterval: interval().prefault('60s').describe('Time between two exact checks of what is new. Default 60s.'),
  resolveWithin: duration()
    .prefault('10m')
    .describe('A suspicion that is not resolved by then is unknown. Default 10m.'),
  replayRowsPerCycle: count(1, 1_000_000)
    .prefault(10_000)
    .describe('Rows that the rolling replay compares in one cycle. Default 10000.'),
  maxLoad: ratio()
    .refine((share) => share > 0, { error: expected('a share above 0%, or nothing would ever be read') })
    .prefault('3%')
    .describe(
      "Share of one session's time that reading new records may take, saved up for a minute; behind, it catches up at this pace. Default 3%.",
    ),
  catchUpLoad: ratio()
    .refine((share) => share > 0, { error: expected('a share above 0%, or nothing would ever be read') })
    .prefault('50%')
    .describe(
      "Share of one session's time that the first reading of the records that are there may take, beside maxLoad. Default 50%.",
    ),
  maxClockSkew: duration().prefault('5s').describe('Difference of clocks that is no finding. Default 5s.'),
  trustedFunctions: list(
    z.string().regex(/^[0-9a-f]{32}$/, { error: expected('md5(prosrc) of a function, 32 hexadecimal digits') }),
    'digests',
  )
    .prefault([])
    .describe('md5(prosrc) of trigger functions known to be good, for a planned upgrade.'),
});

const retention = section({
  keep: days(36_600)
    .prefault('7y')
    .describe('Nothing younger may have been disposed of, in days (2555d) or years of 365 days (7y). Default 7y.'),
  since: isoDate().exactOptional().describe('Day on which auditing began, if later than the data.'),
});

const witnessDatabase = () => database().describe('A role of its own, with REPLICATION.');

const witness = z.discriminatedUnion(
  'kind',
  [
    section({
      kind: z.literal('walinspect').describe('No longer supported: the trail has no witness. Use decoding.'),
      database: witnessDatabase(),
    }),
    section({
      kind: z.literal('decoding').describe('Counts committed changes by logical decoding with test_decoding.'),
      database: witnessDatabase(),
      slot: z
        .string({ error: expected('a slot name such as kop_witness') })
        .regex(/^[a-z0-9_]{1,63}$/, {
          error: expected('a slot name of lower-case letters, digits and underscores, such as kop_witness'),
        })
        .describe('Replication slot, made by an administrator and used by nobody else.'),
    }),
  ],
  {
    error: (issue) => expected(issue.code === 'invalid_union' ? 'decoding' : 'a map with kind: decoding'),
  },
);

export const auditTrailSchema = section({
  title: text().describe('Name for people.'),
  portal: name().describe('Portal whose trail this is.'),
  team: name().describe('Team that answers for it.'),
  database: database().describe('Where the audited tables are, as the observer reaches them.'),
  replica: database()
    .exactOptional()
    .describe(
      'A physical standby of the database for the heavy checks; it must prove that it is one. Default: the database itself.',
    ),
  scope: scope.prefault({}).describe('Which tables must be audited.'),
  records: records.exactOptional().describe('Where the audit records are. Without it the portal has none.'),
  attribution: attribution.prefault({}).describe('Who may have done it.'),
  observe: observe.prefault({}).describe('How often it is polled, and how thoroughly.'),
  retention: retention.prefault({}).describe('How long records must be kept.'),
  seal: seal.exactOptional().describe('Signed checkpoints, kept outside the database.'),
  witness: witness.exactOptional().describe('Committed changes, counted from the write-ahead log.'),
  comparisons: comparisonsOrNames
    .prefault({})
    .describe('Comparisons of business tables with one another, by name; they need no audit table. Default: none.'),
});

export type ParsedAuditTrail = z.output<typeof auditTrailSchema>;
