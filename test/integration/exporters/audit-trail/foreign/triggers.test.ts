/** Audit triggers of others, in the shape of their tables: a record deleted, a record changed, a change past the trigger. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadPack } from '../../../../../pack/index.js';
import { loggedActions, recordVersion } from '../../../../support/audit-trail/foreign-tables.js';
import { observed } from '../../../../support/audit-trail/observed.js';

const lab = observed();

const business = `
  create table clients (id int primary key, name text, active boolean, born date, joined timestamptz, visited timestamp,
    balance numeric(12, 2), prefs jsonb, tags text[], span tstzrange, picture bytea);
  create table policies (id int primary key, title text);
  create table codes (code text primary key, id int);
  create table letters (id int primary key, body text);
  create table visits (id int primary key, page text, seen int);`;

const supaAudit = `
  create extension "uuid-ossp";
  ${recordVersion}
  create function audit.insert_update_delete_trigger() returns trigger language plpgsql security definer as $$
  declare
    hash text := tg_relid::text || ':';
  begin
    insert into audit.record_version (record_id, old_record_id, op, table_oid, table_schema, table_name, record, old_record)
    select case when tg_op <> 'DELETE' then uuid_generate_v5(uuid_ns_oid(), hash || new::text) end,
           case when tg_op <> 'INSERT' then uuid_generate_v5(uuid_ns_oid(), hash || old::text) end,
           tg_op::audit.operation, tg_relid, tg_table_schema, tg_table_name, to_jsonb(new), to_jsonb(old);
    return coalesce(new, old);
  end $$;`;

const auditTrigger = `
  ${loggedActions}
  create function audit.if_modified_func() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
  declare
    ignored text[] := coalesce(tg_argv[0]::text[], '{}');
    before hstore := hstore(old) - ignored;
    after hstore := hstore(new) - ignored;
    changed hstore := after - before;
  begin
    -- What changes nothing is not recorded.
    if tg_op = 'UPDATE' and changed = '' then return null; end if;
    insert into audit.logged_actions (schema_name, table_name, relid, session_user_name, action_tstamp_tx, action_tstamp_stm,
      action_tstamp_clk, transaction_id, action, row_data, changed_fields, statement_only)
    values (tg_table_schema, tg_table_name, tg_relid, session_user, now(), statement_timestamp(), clock_timestamp(), txid_current(),
      left(tg_op, 1), case tg_op when 'INSERT' then after else before end, case tg_op when 'UPDATE' then changed end, false);
    return null;
  end $$;`;

const cases = [
  {
    name: 'supa_audit',
    sql: supaAudit,
    fn: 'audit.insert_update_delete_trigger',
    table: 'audit.record_version',
    of: (op: string, id: number) => `op = '${op}' and coalesce(record, old_record) ->> 'id' = '${id}'`,
    image: `record = jsonb_set(record, '{title}', '"else"')`,
  },
  {
    name: 'audit-trigger',
    sql: auditTrigger,
    fn: 'audit.if_modified_func',
    table: 'audit.logged_actions',
    of: (op: string, id: number) => `action = '${op[0]}' and row_data -> 'id' = '${id}'`,
    image: `changed_fields = 'title => else'`,
  },
];

/** As the comment of an example says it. */
function indexOf(file: string): string {
  const [, index] = /^# +(create index[^;]*;)/m.exec(readFileSync(file, 'utf8')) ?? [];
  if (index === undefined) throw new Error(`${file} names no index`);
  return index.replaceAll('\n#', '\n');
}

test.each(cases)(
  '$name: what is lost, changed and done past it is found',
  async ({ name, sql, fn, table, of, image }) => {
    const file = `docs/examples/audit-trail-of-${name.replace('_', '-')}.yaml`;
    const [trail] = loadPack([file], { requireSecrets: false }).auditTrails;
    if (trail?.records === undefined) throw new Error('the example describes no records');
    await lab.prepare({ isEmpty: true, trail: { records: trail.records } });
    const { observerRole } = lab.fixture;
    const tables = ['clients', 'policies', 'codes', 'letters', 'visits'];
    const triggers = tables.map(
      (each) =>
        `create trigger audited after insert or update or delete on ${each} for each row execute function ${fn}(${each === 'visits' ? "'{seen}'" : ''});`,
    );
    await lab.fixture.sql(`${sql}${business}${indexOf(file)}${triggers.join('')}
    grant usage on schema audit to ${observerRole}; grant select on all tables in schema audit, public to ${observerRole};
    grant select on all sequences in schema audit to ${observerRole}; grant pg_read_all_stats to ${observerRole}`);
    lab.watch({ trail: { scope: { ...lab.fixture.trail.scope, operations: ['INSERT', 'UPDATE', 'DELETE'] } } });
    await lab.watching.look();
    await lab.fixture.sql(`insert into clients select i, 'a', true, '1980-02-29', '2026-03-29 01:30+01', '2026-03-29 01:30', 1.5, '{"a": [1, null]}',
      '{a,"b c"}', '[2026-01-01 00:00+00,)', '\\x00ff' from generate_series(1, 3) i`);
    await lab.fixture.sql(
      `set timezone = 'Asia/Tokyo'; set datestyle = 'SQL, DMY'; update clients set balance = 2, active = false, picture = null where id < 3`,
    );
    await lab.fixture.sql(`insert into policies select i, 'a' from generate_series(1, 3) i; insert into letters select i, 'a' from generate_series(1, 3) i;
    update policies set title = 'b'; update policies set title = 'c'; delete from letters where id = 1; insert into codes values ('x', 1); insert into visits values (1, 'a', null), (2, 'a', 7)`);
    for (let i = 0; i < 3; i += 1) await lab.watching.look();
    const judged = (...names: readonly string[]) =>
      names.map((each) => [lab.watching.state(`public.${each}`), lab.watching.reason(`public.${each}`)]);
    expect(judged(...tables)).toEqual([
      ['ok', 'every change is recorded'],
      ['ok', 'every change is recorded'],
      ['unknown', 'the row keys in the records of public.codes are of no known form'],
      ['ok', 'every change is recorded'],
      name === 'supa_audit'
        ? ['ok', 'every change is recorded']
        : ['unknown', 'no record tells what some rows hold in seen, so a change there cannot be seen'],
    ]);

    await lab.fixture.sql(
      'set session_replication_role = replica; update clients set balance = 9 where id = 3; delete from letters where id = 2',
    );
    await lab.fixture.sql(
      `delete from ${table} where ${of('UPDATE', 1)} and table_name = 'policies' and ${name === 'supa_audit' ? "record ->> 'title' = 'b'" : "changed_fields -> 'title' = 'b'"}`,
    );
    await lab.fixture.sql(`update ${table} set ${image} where ${of('UPDATE', 2)} and table_name = 'policies'`);
    for (let i = 0; i < 3; i += 1) await lab.watching.look();
    expect(judged('clients', 'policies', 'letters')).toEqual([
      ['confirmed', '1 missing; last: the row changed after its last record, in balance'],
      ['confirmed', '2 altered, 1 missing; last: the row changed after its last record, in title'],
      ['confirmed', '1 missing; last: the row is gone, and no record deletes it'],
    ]);
  },
);
