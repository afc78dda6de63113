/** A managed server: the owner of the database may create roles, and is no superuser. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  type InstallOptions,
  installSql,
  uninstallSql,
  upgradeSql,
} from '../../../../../exporters/audit-trail/writer/index.js';
import { auditTrail } from '../../../../support/audit-trail/domain.js';
import { watch } from '../../../../support/audit-trail/fixture.js';
import { installedRecords } from '../../../../support/audit-trail/installed.js';
import { type BorrowedServer, borrowPostgres } from '../../../../support/postgres/borrowed.js';
import { majors } from '../../../../support/postgres/majors.js';

const options: InstallOptions = { scope: { include: ['public.*'], exclude: [] }, baseline: true };

describe.each(majors)('on PostgreSQL %d', (major) => {
  let server: BorrowedServer;
  let databases = 0;

  beforeAll(async () => {
    server = await borrowPostgres(major);
    const admin = await open(server.adminUrl);
    await admin.query("create role dba login createrole createdb password 'dba'");
    await admin.end();
  });
  afterAll(() => server.close());

  interface Managed {
    readonly database: string;
    readonly dba: pg.Client;
    readonly superuser: pg.Client;
    readonly url: string;
    readonly notices: string[];
  }

  /** A database that the role `dba` owns, with a table of its own. */
  async function managed(): Promise<Managed> {
    databases += 1;
    const name = `managed_${databases}`;
    const url = await server.database(name);
    const superuser = await open(url);
    await superuser.query(`alter database ${name} owner to dba; alter schema public owner to dba`);
    const asDba = new URL(url);
    asDba.username = 'dba';
    asDba.password = 'dba';
    const dba = await open(asDba.toString());
    const notices: string[] = [];
    dba.on('notice', ({ message, severity }) => notices.push(`${severity}: ${message}`));
    onTestFinished(async () => {
      await dba.end();
      await superuser.end();
    });
    await dba.query("create table clients (id int primary key, name text); insert into clients values (1, 'a')");
    return { database: name, url, dba, superuser, notices };
  }

  test('installs, records, and says what is lost', async () => {
    const { dba, notices } = await managed();
    await dba.query(installSql(options));
    expect(notices).toEqual([
      expect.stringMatching(/^WARNING: role dba stays a member of kop_audit_owner/),
      ...(major < 16 ? [] : [expect.stringMatching(/^WARNING: kop_audit_observer was not granted pg_read_all_stats/)]),
      expect.stringMatching(/^WARNING: not made, because dba may not: event trigger kop_audit_ddl/),
    ]);
    await dba.query("update clients set name = 'b'");
    const { rows } = await dba.query('select op, old_row, new_row from audit.log order by id');
    expect(rows).toEqual([
      { op: 'SNAPSHOT', old_row: null, new_row: { id: 1, name: 'a' } },
      { op: 'UPDATE', old_row: { id: 1, name: 'a' }, new_row: { id: 1, name: 'b' } },
    ]);
  });

  test('the observer says in its state what is lost, and what to run', async () => {
    const { dba, url } = await managed();
    await dba.query(installSql(options));
    await dba.query(`do $$ begin create role watcher login password 'watcher'; exception when duplicate_object then null; end $$;
      grant kop_audit_observer to watcher`);
    const asWatcher = new URL(url);
    asWatcher.username = 'watcher';
    asWatcher.password = 'watcher';
    const watching = watch({ trail: auditTrail(asWatcher.toString(), { records: installedRecords }) });
    onTestFinished(() => watching.close());
    await watching.look();
    await dba.query("update clients set name = 'b'");
    for (let i = 0; i < 2; i += 1) await watching.look();
    expect([watching.state('public.clients'), watching.reason('public.clients')]).toEqual([
      'ok',
      'every change is recorded',
    ]);
    const degraded = [...watching.observer.state.evidence.all()].filter(([, { state }]) => state === 'degraded');
    const isLost = (reason: RegExp, fix: string) => ({
      state: 'degraded',
      reason: expect.stringMatching(reason),
      fixes: [fix],
    });
    const enrol = 'select audit.enrol_all() as the last step of each migration, so that new tables are recorded';
    expect(Object.fromEntries(degraded)).toEqual({
      catalogue: isLost(/^changes of the schema are not seen whole: no event trigger kop_audit_ddl/, enrol),
      ...(major < 16
        ? {}
        : {
            commit_timestamps: isLost(/when transactions of other roles began/, 'GRANT pg_read_all_stats TO watcher'),
          }),
    });
    // The role that installs can write to the log.
    expect(watching.metric('audit_trail_bypass_roles', { exposure: 'owner' })).toBeGreaterThan(0);
  });

  test('a table that appears later is recorded once enrol_all is called, or else has no trigger', async () => {
    const { dba } = await managed();
    await dba.query(installSql(options));
    await dba.query('create table later (id int primary key)');
    const { rows } = await dba.query('select audit.enrol_all() as enrolled');
    expect(rows).toEqual([{ enrolled: 'public.later' }]);
    await dba.query('insert into later values (1)');
    const records = await dba.query("select op from audit.log where table_name = 'later'");
    expect(records.rows).toEqual([{ op: 'INSERT' }]);
  });

  test('the application cannot write to the log, and its changes are recorded', async () => {
    const { dba, superuser } = await managed();
    await dba.query(installSql(options));
    await superuser.query(`do $$ begin create role app; exception when duplicate_object then null; end $$`);
    await dba.query('grant select, insert, update on clients to app');
    await superuser.query('set role app');
    await superuser.query("insert into clients values (2, 'x')");
    await expect(superuser.query('select from audit.log')).rejects.toThrow('permission denied');
    await superuser.query('reset role');
    const { rows } = await dba.query("select session_role, new_row from audit.log where op = 'INSERT'");
    expect(rows).toHaveLength(1);
  });

  test('can be run again, upgraded and uninstalled, and leaves nothing behind', async () => {
    const { dba, superuser, database } = await managed();
    // Roles stay while another database uses them.
    const others = await superuser.query<{ datname: string }>(
      "select datname from pg_database where datname like 'managed%' and datname <> $1",
      [database],
    );
    for (const { datname } of others.rows) await superuser.query(`drop database ${datname} with (force)`);
    await dba.query(installSql(options));
    await dba.query(installSql(options));
    await dba.query(upgradeSql());
    await dba.query(uninstallSql({ discardRecords: true }));
    const { rows } = await superuser.query(
      `select rolname from pg_roles where rolname like 'kop_audit%'
       union all select nspname from pg_namespace where nspname = 'audit'
       union all select tgname from pg_trigger where tgname like 'kop_audit%'`,
    );
    expect(rows).toEqual([]);
  });

  test('roles that another database uses stay, and the role that uninstalls is no member of them', async () => {
    const [first, second] = [await managed(), await managed()];
    await first.dba.query(installSql(options));
    await second.dba.query(installSql(options));
    await first.dba.query(uninstallSql({ discardRecords: true }));
    const { rows } = await first.superuser.query(
      "select rolname, pg_has_role('dba', oid, 'usage') as member from pg_roles where rolname like 'kop_audit%' order by 1",
    );
    expect(rows).toEqual([
      { rolname: 'kop_audit_observer', member: false },
      // The log of the other database is still written by this role's member.
      { rolname: 'kop_audit_owner', member: true },
      { rolname: 'kop_audit_sealer', member: false },
      { rolname: 'kop_audit_witness', member: false },
    ]);
    await second.dba.query('insert into clients values (9)');
    await second.dba.query(installSql(options));
    const records = await second.dba.query("select op from audit.log where op = 'INSERT'");
    expect(records.rows).toHaveLength(1);
  });

  test('a table that belongs to another role is named, and nothing is changed', async () => {
    const { dba, superuser } = await managed();
    await superuser.query('create table theirs (id int primary key)');
    await expect(dba.query(installSql(options))).rejects.toMatchObject({
      message: expect.stringContaining('public.theirs'),
      hint: expect.stringContaining('owner'),
    });
    await dba.query('rollback');
    const { rows } = await superuser.query("select to_regnamespace('audit') as schema");
    expect(rows).toEqual([{ schema: null }]);
  });
});

async function open(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
