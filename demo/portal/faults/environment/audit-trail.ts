import pg from 'pg';
import { kopCall } from '../../../../exporters/runtime/call.js';
import { InvalidFault } from '../rule.js';
import type { Undo } from './environment.js';

/** Manipulations and mistakes of an administrator in an audit trail that `kop audit install` created. */
export interface AuditTrailFaults {
  disableTrigger(table: string): Promise<Undo>;
  changeUnaudited(table: string): Promise<Undo>;
  rewriteRecord(table: string): Promise<Undo>;
  deleteRecord(table: string): Promise<Undo>;
}

const TRIGGER = 'kop_audit_row';
const stays: Undo = () => Promise.resolve();

/** A text column that may change without breaking the portal: neither key nor reference. */
const HARMLESS_COLUMN = `
  select a.attname as name from pg_attribute a
  where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.atttypid = 'text'::regtype
    and not exists (select from pg_index i where i.indrelid = a.attrelid and a.attnum = any (i.indkey::int2[]))
  order by a.attnum limit 1`;

/** Not a key column and a text, so that what it says can be falsified. */
const FALSIFIED = `
  update audit.log l
  set new_row = l.new_row || (
    select jsonb_build_object(f.key, 'rewritten') from jsonb_each(l.new_row) f
    where not l.pk ? f.key order by jsonb_typeof(f.value) = 'string' desc, f.key limit 1)
  where l.id = (
    select id from audit.log where table_schema = 'public' and table_name = $1 and new_row is not null order by id limit 1 offset 1)`;

const DELETED = `
  delete from audit.log where id = (
    select id from audit.log where table_schema = 'public' and table_name = $1 order by id limit 1)`;

/** @param adminUrl of a superuser; undefined where the database is not the demo's own. */
export function auditTrailFaults(adminUrl: string | undefined): AuditTrailFaults {
  const change = (work: (client: pg.Client) => Promise<void>) => asAdministrator(adminUrl, work);
  return {
    async disableTrigger(table) {
      await change(async (client) => {
        await client.query(`alter table public.${client.escapeIdentifier(table)} disable trigger ${TRIGGER}`);
      });
      return () =>
        change(async (client) => {
          await client.query(`alter table public.${client.escapeIdentifier(table)} enable always trigger ${TRIGGER}`);
        });
    },
    /** The trigger is disabled for one statement only: checks before and after it see the trigger enabled. */
    async changeUnaudited(table) {
      await change((client) => changeOneRow(client, table));
      return stays;
    },
    async rewriteRecord(table) {
      await change((client) => expectOne(client.query(FALSIFIED, [table]), table));
      return stays;
    },
    async deleteRecord(table) {
      await change((client) => expectOne(client.query(DELETED, [table]), table));
      return stays;
    },
  };
}

async function changeOneRow(client: pg.Client, table: string): Promise<void> {
  const name = `public.${client.escapeIdentifier(table)}`;
  const found = await client.query<{ name: string }>(HARMLESS_COLUMN, [name]);
  const [column] = found.rows;
  if (column === undefined) throw new InvalidFault([`${table} has no column that could be changed without harm`]);
  const own = client.escapeIdentifier(column.name);
  await client.query(`alter table ${name} disable trigger ${TRIGGER}`);
  await expectOne(
    client.query(
      `update ${name} set ${own} = coalesce(${own}, '') || '.' where ctid = (select min(ctid) from ${name})`,
    ),
    table,
  );
  await client.query(`alter table ${name} enable always trigger ${TRIGGER}`);
}

async function expectOne(query: Promise<pg.QueryResult>, table: string): Promise<void> {
  const { rowCount } = await query;
  if (rowCount !== 1) throw new InvalidFault([`there is nothing of ${table} to falsify`]);
}

/** All or nothing, in a transaction of its own. */
async function asAdministrator(
  adminUrl: string | undefined,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  if (adminUrl === undefined) throw new InvalidFault([NO_TRAIL]);
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'kop-demo-audit-fault' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ has: boolean }>("select to_regclass('audit.log') is not null as has");
    if (rows[0]?.has !== true) throw new InvalidFault([NO_TRAIL]);
    await client.query("begin; set local lock_timeout = '10s'");
    await work(client);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

const NO_TRAIL = `this portal has no audit trail; ${kopCall()} demo installs one in a database of its own`;
