import { castFunctions } from './casts.js';
import { enrolmentFunctions } from './enrolment.js';
import { createEventTriggers, dropEventTriggers, eventTriggerFunctions } from './event-triggers.js';
import { guard } from './guard.js';
import { printedLiteral, triggerNames, writerRoles, writerVersion } from './names.js';
import { partitionFunction } from './partitions.js';
import { recordingFunctions } from './recording.js';
import { createRoles, grants, joinRoles, warnOfMembership } from './roles.js';
import { createTables } from './tables.js';

export interface WriterScope {
  /** `schema.table`, with `*` for any characters. */
  readonly include: readonly string[];
  readonly exclude: readonly { readonly table: string; readonly reason: string }[];
}

export interface InstallOptions {
  readonly scope: WriterScope;
  /** Records every row that is there as a SNAPSHOT, so that replay has a beginning. */
  readonly baseline: boolean;
  /** Of an UPDATE, only the key and the columns that changed. Default false: whole rows, before and after. */
  readonly changedColumns?: boolean;
  /** Monthly partitions made beforehand. Default 3. */
  readonly monthsAhead?: number;
}

/** The SQL that makes the writer, for people to read and then to run. Running it again changes nothing. */
export function installSql({ scope, baseline, changedColumns = false, monthsAhead = 3 }: InstallOptions): string {
  return [
    begin('Installs', [
      'schema audit, with the log of changes (a partition a month) and the log of DDL',
      'triggers kop_audit_row and kop_audit_truncate on every table in scope, and on those that appear later',
      'event triggers, which record DDL and enrol tables that appear; only a superuser may make them',
      'four roles that cannot log in',
      'Without a superuser, as on managed servers: a role that may create roles and owns the tables can run it. Then there',
      'are no event triggers, that role is a member of kop_audit_owner, and warnings say what is lost by it.',
      ...(baseline
        ? [
            'After its transaction, each row of the tables in scope becomes a record, about 10 s for 100,000 rows, and the log',
            'grows by what the tables hold. Writers wait only while the rows of their table are counted. Where that was cut off,',
            'run this again: tables that have their snapshots are left out.',
          ]
        : []),
    ]),
    guard(`
  if installed is not null and installed <> ${writerVersion} then
    raise exception 'version % is installed, and this script is for version ${writerVersion}; nothing was changed', installed
      using hint = 'Run what kop audit install --print upgrade prints.';
  end if;`),
    createRoles(),
    joinRoles([writerRoles.owner]),
    warnOfMembership(),
    createTables(),
    replaceable(changedColumns),
    `
-- Without a baseline until the tables are enrolled, whose locks would keep writers waiting while rows are recorded.
insert into audit.installation (version, baseline) values (${writerVersion}, false)
  on conflict (version) do update set baseline = excluded.baseline;
delete from audit.scope;
insert into audit.scope (kind, pattern, reason) values
${scopeRows(scope).join(',\n')};
select audit.maintain_partitions(${monthsAhead}) as partition_made;${baseline ? announceRows : ''}
select audit.enrol_all() as table_enrolled;${baseline ? markBaseline : ''}`,
    createEventTriggers(),
    `\ncommit;\n${baseline ? 'select audit.baseline_missing() as table_recorded;\n' : ''}`,
  ].join('\n');
}

const markBaseline = `
update audit.installation set baseline = true where version = ${writerVersion};`;

/** An estimate: counting would take as long again. */
const announceRows = `
do $kop$
declare
  found bigint;
begin
  select coalesce(sum(greatest(reltuples, 0)), 0) into found from pg_class
    where audit.in_scope(oid) and not exists (select from pg_trigger where tgrelid = pg_class.oid and tgname = '${triggerNames.row}');
  if found > 100000 then
    raise warning 'about % rows become records after this, for about % s', found, found / 10000;
  end if;
end
$kop$;`;

/** What every version of the scripts puts in place anew. */
export function replaceable(changedColumns: boolean): string {
  return [
    // While the functions change, so that none of it is recorded halfway.
    dropEventTriggers(),
    castFunctions(),
    '\nselect audit.refuse_casts();',
    enrolmentFunctions(),
    recordingFunctions(changedColumns),
    partitionFunction(),
    eventTriggerFunctions(),
    grants(),
  ].join('\n');
}

/** How every script begins: what it is, and that it does all or nothing. */
export function begin(verb: string, what: readonly string[]): string {
  return [
    `-- Kingston Observability Pack: audit trail, version ${writerVersion}. ${verb}:`,
    ...what.map((line) => `--   ${line}`),
    '-- Read it, then run it as an administrator, in one piece:',
    '--   psql --set ON_ERROR_STOP=1 --file=this.sql "$DATABASE_URL"',
    '-- It is one transaction: whatever fails, nothing is changed. Tables that are busy for 5 s make it fail; run it again.',
    'begin;',
    "set local lock_timeout = '5s';",
    'set local search_path = pg_catalog, pg_temp;',
    "set local client_min_messages = 'warning';",
  ].join('\n');
}

function scopeRows({ include, exclude }: WriterScope): string[] {
  return [
    ...include.map((pattern) => `  ('include', ${printedLiteral(pattern)}, null)`),
    ...exclude.map(({ table, reason }) => `  ('exclude', ${printedLiteral(table)}, ${printedLiteral(reason)})`),
  ];
}
