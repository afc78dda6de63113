import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { attribution } from '../../support/audit-trail/domain.js';
import type { Office } from '../../support/audit-trail/installed.js';

/** A value, or what it must be like. */
export type Expected = number | string | ((value: number | string | undefined) => boolean);

/** What the observer is to say, and all that it is to say. Names as in `Watchman.verdict`. */
export type Shows = Readonly<Record<string, Expected>>;

export interface FaultCase {
  /** Of the fault list. */
  readonly fault: number;
  readonly name: string;
  /** Which check finds it, in the words of the specification. */
  readonly check: string;
  /** Before anybody works or looks. */
  readonly prepare?: string;
  readonly trail?: Partial<AuditTrail>;
  /** Texts, each by itself in one session; DATABASE stands for the database's name. */
  readonly inject: readonly string[] | ((office: Office) => Promise<void>);
  /** All that is different afterwards. The state of a table that is not named may be ok or explained, and no other. */
  readonly shows: Shows;
  /** Seen on the way, and over by then. */
  readonly passes?: Shows;
  /** Possibly seen on the way, by a look that falls between two steps; over by then. */
  readonly mayPass?: readonly string[];
  /** States that tables were in on the way. */
  readonly passesThrough?: Readonly<Record<string, readonly string[]>>;
  /** It goes on for as long as people work, so that every table is looked into again and again. */
  readonly isGoingOn?: boolean;
  /** The observer loses its connections, so that for a moment it sees nothing. */
  readonly interrupts?: boolean;
  /** Keeps writers from writing. */
  readonly refuses?: boolean;
  /** In the subset that runs on a second major. */
  readonly isBasic?: boolean;
}

export const some = (value: number | string | undefined): boolean => typeof value === 'number' && value > 0;
/** As the work happened to fall. */
export const perhaps = (value: number | string | undefined): boolean => value === undefined || some(value);
export const oneOf =
  (...values: readonly string[]) =>
  (value: number | string | undefined): boolean =>
    values.includes(String(value));

const accounts = 'public.accounts';
const holdings = 'public.holdings';
const visits = 'public.visits';

/** The nth record of a row without writers: its SNAPSHOT is the first, and two updates follow in rows 1 to 10. */
function record(id: number, n: number): string {
  return `(select id from audit.log where table_name = 'accounts' and pk = '{"id": ${id}}' order by id offset ${n - 1} limit 1)`;
}

/** Past the trigger, as by an owner who leaves everything as it was. */
function bypass(sql: string, table = 'accounts'): string {
  return `begin; alter table public.${table} disable trigger kop_audit_row; ${sql}; alter table public.${table} enable always trigger kop_audit_row; commit`;
}

const as = (actor: string) => `set audit.actor = '${actor}'; set audit.application = 'portal'`;

/** The row trigger of a table as it must not be. */
function retrigger(table: string, shape: string): string {
  return `begin; drop trigger kop_audit_row on ${table}; create trigger kop_audit_row ${shape} execute function audit.record('id');
    alter table ${table} enable always trigger kop_audit_row; commit`;
}

const recordFunction = (
  body: string,
) => `create or replace function audit.record() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp set timezone = 'UTC' set extra_float_digits = 1 as $fn$ ${body} $fn$`;

function forge(columns: string, values: string, from: string): string {
  return `insert into audit.log (${columns}, table_schema, table_name, relid, actor, actor_kind, application, pk, old_row, new_row)
    select ${values}, 'public', 'accounts', l.relid, 'ann', 'human', 'portal', l.pk, l.new_row, jsonb_set(l.new_row, '{balance}', '5') from audit.log l where l.id = ${from}`;
}

const month = (ahead: number) => {
  const date = new Date();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + ahead);
  return `audit.log_${date.toISOString().slice(0, 7).replace('-', '_')}`;
};

const rows = ['INSERT', 'UPDATE', 'DELETE'] as const;
const ineffective = (table: string, ...operations: readonly string[]): Shows => ({
  ...Object.fromEntries(operations.map((operation) => [`trigger_effective ${table} ${operation}`, 0])),
  [`coverage_ratio ${table}`]: 1 - operations.length / 4,
});
const states =
  (state: string) =>
  (...tables: readonly string[]): Shows =>
    Object.fromEntries(tables.map((table) => [`table_state ${table}`, state]));
const confirmed = states('confirmed');
const unknown = states('unknown');
const everyTable = (state: Expected): Shows =>
  Object.fromEntries([accounts, holdings, visits].map((table) => [`table_state ${table}`, state]));
const missing = (table: string, operation: string, n: Expected): Shows => ({
  [`missing_events_total ${table} ${operation}`]: n,
});
const unexplained = (table: string, operation: string, n: Expected): Shows => ({
  [`unexplained_events_total ${table} ${operation}`]: n,
});
const mismatch = (table: string, kind: string, n: Expected): Shows => ({ [`replay_mismatches ${table} ${kind}`]: n });
/** Records updated or deleted. */
const mutated = (n: number): Shows => ({
  'counter_residual records_mutated': n,
  'evidence_state records': 'degraded',
});
/** Changes that only counters show, and that stay so. */
const unaccounted = (invariant: string, direction: string, n: Expected): Shows => ({
  [`unaccounted_changes ${invariant} ${direction}`]: n,
  [`unaccounted_changes_total ${invariant} ${direction}`]: n,
});
/** While people go on working, it is as the work falls whether what is looked into is ever decided on. */
const undecided: Shows = {
  ...unaccounted('operations_calls', 'above', perhaps),
  ...unaccounted('calls_records', 'above', perhaps),
};
/** Records that no trigger wrote. */
const tooMany = (n: number): Shows => ({ 'counter_residual calls_records': -n });
/** What any forged record of an update of an account leads to. */
const forgedUpdate: Shows = {
  ...tooMany(1),
  ...confirmed(accounts),
  ...unexplained(accounts, 'UPDATE', 1),
  ...mismatch(accounts, 'different', 1),
};
const everyRowWithoutRecord: Shows = Object.assign(
  {},
  ...[accounts, holdings, visits].map((table) => ({
    ...missing(table, 'INSERT', some),
    ...mismatch(table, 'missing_record', some),
  })),
);

export const cases: readonly FaultCase[] = [
  {
    fault: 1,
    name: 'a record deleted from the middle',
    check: 'counters of records, continuity',
    inject: [`delete from audit.log where id = ${record(3, 2)}`],
    shows: { ...mutated(1), ...confirmed(accounts), [`continuity_breaks_total ${accounts}`]: 1 },
    isBasic: true,
  },
  {
    fault: 2,
    name: 'the newest record of a row deleted',
    check: 'counters of records, replay',
    inject: [`delete from audit.log where id = ${record(4, 3)}`],
    shows: {
      ...mutated(1),
      ...confirmed(accounts),
      ...missing(accounts, 'UPDATE', 1),
      ...mismatch(accounts, 'different', 1),
    },
    isBasic: true,
  },
  {
    fault: 3,
    name: 'an image edited',
    check: 'counters of records, continuity, replay',
    inject: [`update audit.log set new_row = jsonb_set(new_row, '{balance}', '5') where id = ${record(5, 3)}`],
    shows: { ...mutated(1), ...confirmed(accounts), ...mismatch(accounts, 'different', 1) },
  },
  {
    fault: 3,
    name: 'an actor edited',
    check: 'counters of records',
    inject: [`update audit.log set actor = 'someone' where id = ${record(5, 2)}`],
    shows: mutated(1),
  },
  {
    fault: 3,
    name: 'a key edited',
    check: 'counters of records, replay',
    inject: [`update audit.log set pk = '{"id": 999999}' where id = ${record(6, 3)}`],
    shows: {
      ...mutated(1),
      ...confirmed(accounts),
      // The row has lost a record, and one that never was has gained it.
      ...missing(accounts, 'UPDATE', 1),
      ...missing(accounts, 'INSERT', 1),
      ...missing(accounts, 'DELETE', 1),
      ...mismatch(accounts, 'missing_live', 1),
      ...mismatch(accounts, 'different', 1),
      [`continuity_breaks_total ${accounts}`]: 1,
    },
  },
  {
    fault: 3,
    name: 'written again with the same values',
    check: 'counters of records',
    inject: [`update audit.log set actor = actor where id = ${record(5, 2)}`],
    shows: mutated(1),
  },
  {
    fault: 4,
    name: 'two ids swapped',
    check: 'counters of records',
    inject: [
      `update audit.log l set id = case l.id when a then b else a end from (select ${record(1, 3)} as a, ${record(2, 3)} as b) x where l.id in (a, b)`,
    ],
    shows: mutated(2),
  },
  {
    fault: 5,
    name: 'a record forged under an old transaction',
    check: 'counters of changes, replay',
    inject: [forge('xact_id, op', "l.xact_id, 'UPDATE'", record(7, 2))],
    shows: { ...tooMany(1), ...confirmed(accounts), ...mismatch(accounts, 'different', 1) },
  },
  {
    fault: 6,
    name: 'a record forged with an id of its own',
    check: 'counters of changes, replay, ids',
    inject: [forge('id, op', "900000, 'UPDATE'", record(7, 3))],
    shows: {
      ...forgedUpdate,
      'identity_breaks_total beyond_sequence': 1,
    },
  },
  {
    fault: 7,
    name: 'a record forged with the next id',
    check: 'counters of changes, replay',
    inject: [forge('op', "'UPDATE'", record(8, 3))],
    shows: {
      ...forgedUpdate,
    },
  },
  {
    fault: 8,
    name: 'the audit table truncated',
    check: 'storage, replay',
    inject: ['truncate audit.log'],
    shows: {
      ...confirmed(accounts, holdings, visits),
      ...everyRowWithoutRecord,
      [`continuity_breaks_total ${accounts}`]: perhaps,
      [`continuity_breaks_total ${holdings}`]: perhaps,
      'retention_violations disposed_early': 1,
    },
  },
  {
    fault: 9,
    name: 'an empty partition of the audit table dropped',
    check: 'retention',
    inject: [`drop table ${month(2)}`],
    shows: { 'retention_violations partition_gap': 1 },
  },
  {
    fault: 9,
    name: 'the partition of this month detached',
    check: 'retention, replay',
    inject: [`alter table audit.log detach partition ${month(0)}`],
    shows: {
      ...confirmed(accounts, holdings, visits),
      ...everyRowWithoutRecord,
      [`continuity_breaks_total ${accounts}`]: perhaps,
      [`continuity_breaks_total ${holdings}`]: perhaps,
      'retention_violations disposed_early': 1,
    },
  },
  {
    fault: 10,
    name: 'a trigger disabled',
    check: 'coverage, counters of changes',
    inject: ['alter table accounts disable trigger kop_audit_row'],
    shows: {
      ...undecided,
      tables_covered: 2,
      ...ineffective(accounts, ...rows),
      'fingerprint_changes_total trigger': 1,
      'counter_residual operations_calls': some,
      ...confirmed(accounts),
      ...missing(accounts, 'INSERT', some),
      ...missing(accounts, 'DELETE', perhaps),
      ...missing(accounts, 'UPDATE', perhaps),
      ...mismatch(accounts, 'missing_record', some),
      ...mismatch(accounts, 'missing_live', perhaps),
      ...mismatch(accounts, 'different', perhaps),
    },
    isBasic: true,
    isGoingOn: true,
  },
  {
    fault: 11,
    name: 'a trigger off and on between two looks, with a change',
    check: 'fingerprints, counters of changes, replay',
    inject: [bypass('update accounts set balance = 77 where id = 8')],
    shows: {
      'fingerprint_changes_total trigger': 1,
      'counter_residual operations_calls': 1,
      ...confirmed(accounts),
      ...missing(accounts, 'UPDATE', 1),
      ...mismatch(accounts, 'different', 1),
    },
    isBasic: true,
  },
  {
    fault: 11,
    name: 'a trigger off and on between two looks, without one',
    check: 'fingerprints',
    inject: [bypass('select 1')],
    shows: { 'fingerprint_changes_total trigger': 1 },
    passesThrough: { [accounts]: ['suspect', 'explained'] },
  },
  {
    fault: 12,
    name: 'a trigger made again with a condition',
    check: 'coverage, fingerprints',
    inject: [
      retrigger('accounts', 'after insert or update or delete on accounts for each row when (pg_trigger_depth() = 0)'),
    ],
    shows: {
      tables_covered: 2,
      ...ineffective(accounts, ...rows),
      'fingerprint_changes_total trigger': 1,
      [`table_state ${accounts}`]: 'unknown',
    },
    // Whoever waited for the lock reports calls and operations at different moments; in the end the counts agree.
    mayPass: ['counter_residual operations_calls', 'counter_residual calls_records'],
  },
  {
    fault: 12,
    name: 'a trigger made again for one column',
    check: 'coverage, counters of changes',
    inject: [retrigger('accounts', 'after insert or delete or update of name on accounts for each row')],
    shows: {
      ...undecided,
      tables_covered: 2,
      ...ineffective(accounts, ...rows),
      'fingerprint_changes_total trigger': 1,
      'counter_residual operations_calls': some,
      ...confirmed(accounts),
      ...missing(accounts, 'UPDATE', some),
      ...mismatch(accounts, 'different', some),
      // Of a row that was changed unrecorded and then deleted.
      [`continuity_breaks_total ${accounts}`]: perhaps,
    },
    isBasic: true,
    isGoingOn: true,
  },
  {
    fault: 13,
    name: 'the trigger function made to do nothing',
    check: 'fingerprints, counters of changes',
    inject: [recordFunction('begin return null; end')],
    shows: {
      ...undecided,
      tables_covered: 0,
      ...ineffective(accounts, ...rows),
      ...ineffective(holdings, ...rows),
      ...ineffective(visits, ...rows),
      'fingerprint_changes_total function': 1,
      'counter_residual calls_records': some,
      ...confirmed(accounts, holdings, visits),
      ...missing(accounts, 'INSERT', some),
      ...missing(accounts, 'UPDATE', perhaps),
      ...missing(accounts, 'DELETE', perhaps),
      ...missing(holdings, 'INSERT', perhaps),
      ...missing(holdings, 'UPDATE', perhaps),
      ...missing(visits, 'INSERT', perhaps),
      ...mismatch(accounts, 'missing_record', some),
      ...mismatch(accounts, 'missing_live', perhaps),
      ...mismatch(accounts, 'different', perhaps),
      ...mismatch(holdings, 'missing_record', perhaps),
      ...mismatch(holdings, 'different', perhaps),
      ...mismatch(visits, 'missing_record', perhaps),
    },
    isBasic: true,
    isGoingOn: true,
  },
  {
    fault: 14,
    name: 'the replica role, where triggers fire always',
    check: 'prevented',
    inject: [`${as('ann')}; set session_replication_role = replica; update accounts set balance = 78 where id = 9`],
    shows: {},
    isBasic: true,
  },
  {
    fault: 14,
    name: 'the replica role, where they do not',
    check: 'counters of changes, replay',
    prepare: 'alter table accounts enable trigger kop_audit_row',
    inject: ['set session_replication_role = replica; update accounts set balance = 78 where id = 9'],
    shows: {
      'counter_residual operations_calls': 1,
      ...confirmed(accounts),
      ...missing(accounts, 'UPDATE', 1),
      ...mismatch(accounts, 'different', 1),
    },
  },
  {
    fault: 14,
    name: 'rows inserted and deleted in the replica role, where they do not',
    check: 'counters of changes, unaccounted',
    prepare: 'alter table accounts enable trigger kop_audit_row',
    inject: [
      `set session_replication_role = replica; insert into accounts (id, name) select i, 'gone' from generate_series(80001, 80050) i;
       delete from accounts where id > 80000`,
    ],
    shows: { 'counter_residual operations_calls': 100, ...unaccounted('operations_calls', 'above', 100) },
    passesThrough: { [accounts]: ['suspect'] },
    isBasic: true,
  },
  {
    fault: 16,
    name: 'a restore with --disable-triggers',
    check: 'coverage, counters of changes, replay',
    inject: [
      `begin; alter table accounts disable trigger all; insert into accounts (name) values ('r1'), ('r2'), ('r3'); alter table accounts enable trigger all; commit`,
    ],
    shows: {
      tables_covered: 2,
      // ENABLE TRIGGER ALL brings them back as ordinary ones.
      ...ineffective(accounts, ...rows, 'TRUNCATE'),
      'fingerprint_changes_total trigger': 1,
      'counter_residual operations_calls': 3,
      ...confirmed(accounts),
      ...missing(accounts, 'INSERT', 3),
      ...mismatch(accounts, 'missing_record', 3),
    },
  },
  {
    fault: 17,
    name: 'TRUNCATE of a leaf partition without a trigger of its own',
    check: 'coverage, storage, replay',
    inject: ['drop trigger kop_audit_truncate on visits_1', 'truncate visits_1'],
    shows: {
      tables_covered: 2,
      ...ineffective(visits, 'TRUNCATE'),
      'fingerprint_changes_total trigger': 1,
      ...confirmed(visits),
      ...missing(visits, 'DELETE', some),
      ...mismatch(visits, 'missing_live', some),
    },
    isBasic: true,
  },
  {
    fault: 18,
    name: 'a partition detached, edited and attached again',
    check: 'fingerprints, counters of changes, replay',
    inject: [
      `begin; alter table visits detach partition visits_2; alter table visits_2 disable trigger kop_audit_row;
       update visits_2 set what = 'edited' where what = 'quiet' and at = '2026-08-01'; alter table visits_2 enable always trigger kop_audit_row;
       alter table visits attach partition visits_2 for values from ('2026-07-01') to ('2027-01-01'); commit`,
    ],
    shows: {
      'fingerprint_changes_total trigger': 1,
      'counter_residual operations_calls': 1,
      ...confirmed(visits),
      ...missing(visits, 'UPDATE', 1),
      ...mismatch(visits, 'different', 1),
    },
  },
  {
    fault: 19,
    name: 'a table that nobody enrolled',
    check: 'scope',
    inject: [
      'alter event trigger kop_audit_ddl disable; create table newcomer (id bigint primary key); alter event trigger kop_audit_ddl enable always',
    ],
    shows: { tables_in_scope: 4, 'table_state public.newcomer': 'unknown', 'evidence_state replay': 'degraded' },
  },
  {
    fault: 20,
    name: 'values rewritten by DDL',
    check: 'storage, replay',
    inject: ['alter table holdings alter column units type integer using 0'],
    shows: {
      ...confirmed(holdings),
      ...missing(holdings, 'UPDATE', some),
      ...mismatch(holdings, 'different', some),
      // A transaction that was older than the rewriting, and changed a row after it.
      [`continuity_breaks_total ${holdings}`]: perhaps,
    },
    isBasic: true,
  },
  {
    fault: 21,
    name: 'the catalogue edited by hand',
    check: 'fingerprints, counters of changes',
    inject: async (office) => {
      const set = (enabled: string) =>
        `update pg_trigger set tgenabled = '${enabled}' where tgname = 'kop_audit_row' and tgrelid = 'accounts'::regclass`;
      await office.sql(set('D'));
      await office.sql('update accounts set balance = 79 where id = 10');
      await office.sql(set('A'));
    },
    shows: {
      'fingerprint_changes_total trigger': some,
      'counter_residual operations_calls': 1,
      ...confirmed(accounts),
      ...missing(accounts, 'UPDATE', 1),
      ...mismatch(accounts, 'different', 1),
    },
    mayPass: ['tables_covered', ...Object.keys(ineffective(accounts, ...rows))],
  },
  {
    fault: 23,
    name: 'a sequence that gives sessions many ids at once',
    check: 'evidence',
    inject: ['alter sequence audit.log_id_seq cache 20'],
    shows: { 'evidence_state counters': 'degraded' },
  },
  {
    fault: 25,
    name: 'two records of one id',
    check: 'counters of changes, ids',
    inject: [
      `insert into audit.log (id, op, table_schema, table_name, relid, actor, actor_kind, application, pk, old_row, new_row)
       select id, op, table_schema, table_name, relid, actor, actor_kind, application, pk, old_row, new_row from audit.log where id = ${record(3, 3)}`,
    ],
    shows: { ...tooMany(1), ...unaccounted('calls_records', 'below', 1), 'identity_breaks_total duplicate': 1 },
  },
  {
    fault: 26,
    name: 'the sequence set back',
    check: 'ids',
    inject: ["select setval('audit.log_id_seq', 3)"],
    shows: {
      ...unknown(accounts, holdings, visits),
      'identity_breaks_total regressed': 1,
      'identity_breaks_total duplicate': some,
      'evidence_state continuity': 'unknown',
    },
  },
  {
    fault: 27,
    name: 'nobody named as the actor, and a blank',
    check: 'attribution',
    inject: [
      'update accounts set balance = 81 where id = 11',
      `${as('  ')}; update accounts set balance = 82 where id = 11`,
    ],
    shows: { 'attribution_missing_total actor': 2, 'actor_records_total none': 2 },
  },
  {
    fault: 27,
    name: 'a job as the actor',
    check: 'attribution',
    inject: [
      `${as('job:nightly')}; update accounts set balance = 81 where id = 11`,
      "set audit.actor = 'system'; set audit.actor_kind = 'machine'; update accounts set balance = 82 where id = 11",
    ],
    shows: { 'actor_records_total machine': 2 },
  },
  {
    fault: 28,
    name: 'a shared actor',
    check: 'attribution',
    inject: [`${as('admin')}; update accounts set balance = 83 where id = 12`],
    shows: { 'actor_records_total shared': 1 },
  },
  {
    fault: 28,
    name: 'an actor who is not listed, and one who has left',
    check: 'attribution',
    prepare: `create schema staff; grant usage on schema staff to observer; create table staff.people (id int, name text);
      grant select on staff.people to observer;
      insert into staff.people (name) select 'user-' || i from generate_series(0, 50) i union all values ('left'), (null)`,
    trail: { attribution: { ...attribution, actors: { table: 'staff.people', column: 'name' } } },
    inject: [
      `${as('nobody-we-know')}; update accounts set balance = 83 where id = 12`,
      `${as('left')}; update accounts set balance = 84 where id = 12`,
    ],
    shows: { 'actor_records_total unresolved': 1 },
  },
  {
    fault: 29,
    name: 'a record dated back',
    check: 'counters of changes, times',
    inject: [forge('op, ts', "'UPDATE', now() - interval '326 days'", record(9, 3))],
    shows: {
      ...forgedUpdate,
      'time_violations_total backdated': 1,
    },
  },
  {
    fault: 30,
    name: 'a record from the future',
    check: 'counters of changes, times',
    inject: [forge('op, ts', "'UPDATE', now() + interval '1 hour'", record(9, 3))],
    shows: {
      ...forgedUpdate,
      'time_violations_total future': 1,
    },
  },
  {
    fault: 32,
    name: 'a record edited before it could be sealed',
    check: 'counters of records, replay',
    inject: [
      `${as('ann')}; update accounts set balance = 84 where id = 13`,
      `update audit.log set new_row = jsonb_set(new_row, '{balance}', '1') where id = (select max(id) from audit.log where pk = '{"id": 13}')`,
    ],
    shows: { ...mutated(1), ...confirmed(accounts), ...mismatch(accounts, 'different', 1) },
  },
  {
    fault: 33,
    name: 'writers under REPEATABLE READ have no chain to fork',
    check: 'none by design',
    inject: async (office) => {
      const work = Array.from({ length: 4 }, async (_, session) => {
        for (let n = 0; n < 20; n += 1)
          await office.sql(
            `${as('ann')}; begin isolation level repeatable read; update accounts set balance = balance + 1 where id = ${14 + session}; commit`,
          );
      });
      await Promise.all(work);
    },
    shows: {},
  },
  {
    fault: 42,
    name: 'the statistics reset',
    check: 'evidence',
    inject: ['select pg_stat_reset()'],
    shows: { 'epoch_changes_total stats_reset': 1 },
    isBasic: true,
    passesThrough: { [accounts]: ['unknown'], [holdings]: ['unknown'], [visits]: ['unknown'] },
  },
  {
    fault: 42,
    name: 'the counting switched off',
    check: 'evidence',
    inject: [
      "alter database DATABASE set track_counts = 'off'",
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'observer' and datname = current_database()",
    ],
    shows: {
      ...unknown(accounts, holdings, visits),
      'evidence_state counters': 'unknown',
      'counter_residual operations_calls': 'gone',
      'counter_residual calls_records': 'gone',
      'counter_residual records_mutated': 'gone',
    },
    interrupts: true,
  },
  {
    fault: 43,
    name: 'an audited table UNLOGGED',
    check: 'exposure, storage',
    inject: ['alter table holdings set unlogged'],
    shows: { unlogged_relations: 1 },
    passesThrough: { [holdings]: ['suspect', 'explained'] },
  },
  {
    fault: 43,
    name: 'a partition of the audit table UNLOGGED',
    check: 'exposure, storage',
    inject: [`alter table ${month(0)} set unlogged`],
    shows: { unlogged_relations: 1 },
  },
  {
    fault: 44,
    name: 'a policy that would hide rows',
    check: 'evidence',
    inject: ['alter table accounts enable row level security'],
    shows: { ...unknown(accounts), 'evidence_state replay': 'degraded' },
  },
  {
    fault: 44,
    name: 'a policy that would hide records',
    check: 'evidence',
    inject: ['alter table audit.log enable row level security'],
    shows: {
      ...unknown(accounts, holdings, visits),
      'evidence_state records': 'unknown',
      'evidence_state continuity': 'unknown',
      'evidence_state replay': 'unknown',
      'evidence_state identity': 'unknown',
      'evidence_state catalogue': 'degraded',
      'fingerprint_changes_total log': 1,
    },
  },
  {
    fault: 44,
    name: 'a table taken away from the observer',
    check: 'evidence',
    inject: ['revoke select on accounts from kop_audit_observer'],
    shows: { ...unknown(accounts), 'evidence_state replay': 'degraded' },
  },
  {
    fault: 45,
    name: 'the settings of the trigger function gone',
    check: 'fingerprints',
    inject: ['alter function audit.record() reset all'],
    shows: { 'fingerprint_changes_total function': 1, 'evidence_state catalogue': 'degraded' },
  },
  {
    fault: 48,
    name: 'a record that cannot be written stops the change',
    check: 'fingerprints',
    inject: [recordFunction("begin raise exception 'disk full'; end")],
    shows: {
      ...undecided,
      tables_covered: 0,
      ...ineffective(accounts, ...rows),
      ...ineffective(holdings, ...rows),
      ...ineffective(visits, ...rows),
      'fingerprint_changes_total function': 1,
      'counter_residual operations_calls': some,
      // Nothing was missed, and nobody vouches for the function that is there now.
      ...everyTable(oneOf('suspect', 'unknown')),
    },
    refuses: true,
    isGoingOn: true,
  },
  {
    fault: 48,
    name: 'a record that cannot be written is passed over',
    check: 'fingerprints, counters of changes',
    inject: async (office) => {
      const [found] = await office.sql("select prosrc from pg_proc where oid = 'audit.record'::regproc");
      const source: unknown = found?.rows[0]?.prosrc;
      if (typeof source !== 'string') throw new Error('no source');
      const swallowing = source.replace(/end\s*$/, 'exception when others then return null; end');
      await office.sql(
        recordFunction(swallowing),
        "alter table audit.log add constraint full_disk check (table_name <> 'holdings') not valid",
        // Not before somebody writes does anything go wrong.
        'update holdings set units = 3 where account_id = 9010',
      );
    },
    shows: {
      ...undecided,
      tables_covered: 0,
      ...ineffective(accounts, ...rows),
      ...ineffective(holdings, ...rows),
      ...ineffective(visits, ...rows),
      'fingerprint_changes_total function': 1,
      'evidence_state catalogue': 'degraded',
      'counter_residual calls_records': some,
      ...everyTable(oneOf('suspect', 'unknown')),
      ...confirmed(holdings),
      ...missing(holdings, 'INSERT', perhaps),
      ...missing(holdings, 'UPDATE', perhaps),
      ...mismatch(holdings, 'missing_record', perhaps),
      ...mismatch(holdings, 'different', perhaps),
    },
    isGoingOn: true,
  },
  {
    fault: 49,
    name: 'a record that is no JSON',
    check: 'readability, evidence',
    prepare: 'alter table audit.log alter column old_row type text, alter column new_row type text',
    inject: [`update audit.log set new_row = left(new_row, 10) where id = ${record(3, 3)}`],
    shows: {
      ...mutated(1),
      'unreadable_records image': 1,
      // It cannot be resolved for the table whose record it is; the others can be gone through.
      [`table_state ${accounts}`]: 'suspect',
      'evidence_state replay': 'degraded',
    },
    isGoingOn: true,
  },
  {
    fault: 50,
    name: 'a bulk statement that fails midway',
    check: 'counters of changes, unaccounted',
    inject: [
      "do $$ begin insert into accounts (id, name) select i, 'f' from unnest(array[70000, 70001, 70002, 70003, 1]) i; exception when unique_violation then null; end $$",
    ],
    shows: { 'counter_residual operations_calls': 5, ...unaccounted('operations_calls', 'above', 5) },
    passesThrough: { [accounts]: ['suspect'] },
    isBasic: true,
  },
  {
    fault: 50,
    name: 'statements that are cut off by a time-out, and one forged record',
    check: 'counters of changes, unaccounted; replay',
    inject: async (office) => {
      const slow =
        "set statement_timeout = '40ms'; update accounts set balance = 5 where id between 11 and 20 and pg_sleep(0.015) is not null";
      for (let i = 0; i < 10; i += 1) await office.sql(slow).catch(() => undefined);
      await office.sql(forge('op', "'UPDATE'", record(3, 3)));
    },
    shows: {
      ...forgedUpdate,
      'counter_residual operations_calls': some,
      ...unaccounted('operations_calls', 'above', some),
    },
    isBasic: true,
  },
];
