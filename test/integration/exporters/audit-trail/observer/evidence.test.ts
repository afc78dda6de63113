import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PostgresServer } from '../../../../../demo/postgres/index.js';
import { declare } from '../../../../../exporters/audit-trail/index.js';
import { explain } from '../../../../../exporters/audit-trail/inspect/explain.js';
import { status } from '../../../../../exporters/audit-trail/inspect/status.js';
import { MemoryDirectory } from '../../../../../exporters/audit-trail/observer/memory.js';
import { silentLogger } from '../../../../../exporters/runtime/log.js';
import { CannotKeepState, looseFolder } from '../../../../../exporters/runtime/state/index.js';
import { ownRecords } from '../../../../support/audit-trail/domain.js';
import {
  type AuditFixture,
  auditFixture,
  startAuditServer,
  type Watching,
  watch,
} from '../../../../support/audit-trail/fixture.js';
import { bypassed } from '../../../../support/audit-trail/schema.js';

let server: PostgresServer;
let fixture: AuditFixture;
let directory: string;
const watched: Watching[] = [];

beforeAll(async () => {
  server = await startAuditServer();
  directory = await mkdtemp(join(tmpdir(), 'kop-observer-'));
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});
afterEach(async () => {
  for (const one of watched.splice(0)) await one.close();
  await fixture.close();
});

async function settled(options: Parameters<typeof watch>[1] = {}): Promise<Watching> {
  fixture = await auditFixture(server);
  const watching = observe(options);
  await watching.look();
  await fixture.sql(
    "set app.actor = 'ann'; insert into accounts (name) select 'a' || i from generate_series(1, 5) i; update accounts set balance = 1",
  );
  await watching.look();
  expect(watching.state('public.accounts')).toBe('ok');
  return watching;
}

function observe(options: Parameters<typeof watch>[1] = {}): Watching {
  const watching = watch(fixture, options);
  watched.push(watching);
  return watching;
}

const evidence = (
  watching: Watching,
  source: 'connection' | 'counters' | 'records' | 'replay' | 'identity' | 'commit_timestamps' | 'continuity',
) => watching.observer.state.evidence.get(source);

describe('evidence that is lacking', () => {
  interface Lack {
    readonly name: string;
    readonly sql: (fixture: AuditFixture) => string;
    readonly source: Parameters<typeof evidence>[1];
    readonly is: string;
    readonly remedy: RegExp;
    readonly state: string;
  }
  const lacks: readonly Lack[] = [
    {
      name: 'SELECT on the audit table',
      sql: ({ observerRole }) => `revoke select on audit.log from ${observerRole}`,
      source: 'records',
      is: 'unknown',
      remedy: /GRANT SELECT ON audit.log TO/,
      state: 'unknown',
    },
    {
      name: 'SELECT on a table',
      sql: ({ observerRole }) => `revoke select on accounts from ${observerRole}`,
      source: 'replay',
      is: 'degraded',
      remedy: /^$/,
      state: 'unknown',
    },
    {
      name: 'the sequence',
      sql: ({ observerRole }) => `revoke select on sequence audit.log_id_seq from ${observerRole}`,
      source: 'counters',
      is: 'degraded',
      remedy: /GRANT SELECT ON SEQUENCE audit.log_id_seq TO/,
      state: 'ok',
    },
    {
      name: 'a row policy that hides rows',
      sql: () => 'alter table accounts enable row level security',
      source: 'replay',
      is: 'degraded',
      remedy: /BYPASSRLS/,
      state: 'unknown',
    },
    {
      name: 'an unlogged audit table',
      sql: () => 'alter table audit.log set unlogged',
      source: 'records',
      is: 'degraded',
      remedy: /SET LOGGED/,
      state: 'ok',
    },
    {
      name: 'the identity of the server',
      sql: ({ observerRole }) =>
        `revoke execute on function pg_control_system(), pg_control_checkpoint() from public, ${observerRole}`,
      source: 'identity',
      is: 'degraded',
      remedy: /GRANT EXECUTE ON FUNCTION pg_control_system/,
      state: 'ok',
    },
  ];

  test.each(lacks)('$name', async ({ sql, source, is, remedy, state }) => {
    const watching = await settled();
    await fixture.sql(sql(fixture));
    watching.observer.loop.change((state) => ({ ...state, shapeReadAt: 0 }));
    for (let i = 0; i < 2; i += 1) await watching.look();
    const found = evidence(watching, source);
    expect([found.reason, found.state]).toEqual([found.reason, is]);
    expect(found.fixes.join('; ')).toMatch(remedy);
    expect([watching.reason('public.accounts'), watching.state('public.accounts')]).toEqual([
      watching.reason('public.accounts'),
      state,
    ]);
    expect(watching.metric('audit_trail_missing_events_total')).toBe(0);
  });

  test('calls are not counted: one equality is left, and still tells', async () => {
    fixture = await auditFixture(server);
    await fixture
      .sql(
        `alter role ${fixture.observerRole} in database ${new URL(fixture.url).pathname.slice(1)} set track_functions = 'none'`,
      )
      .catch(() => undefined);
    await fixture.sql(`alter database ${new URL(fixture.url).pathname.slice(1)} set track_functions = 'none'`);
    const watching = observe();
    await watching.look();
    await fixture.sql("insert into accounts (name) select 'a' || i from generate_series(1, 5) i; truncate holdings");
    await watching.look();
    expect(evidence(watching, 'counters')).toMatchObject({
      state: 'degraded',
      fixes: [expect.stringMatching(/track_functions/)],
    });
    expect([watching.reason('public.accounts'), watching.state('public.accounts')]).toEqual([
      'every change is recorded',
      'ok',
    ]);
    await fixture.sql(bypassed('delete from accounts where id = 1'));
    await watching.look();
    expect(watching.metric('audit_trail_counter_residual', { invariant: 'operations_calls' })).toBe(1);
    expect(watching.state('public.accounts')).toBe('confirmed');
  });

  test('calls are not counted in sessions from before the setting: unknown until these are gone', async () => {
    fixture = await auditFixture(server);
    const database = new URL(fixture.url).pathname.slice(1);
    await fixture.sql(`alter database ${database} set track_functions = 'none'`);
    const pooled = await fixture.connect();
    await fixture.sql(`alter database ${database} set track_functions = 'pl'`);
    const watching = observe();
    await watching.look();
    await pooled.query("insert into accounts (name) select 'a' || i from generate_series(1, 5) i");
    for (let i = 0; i < 2; i += 1) await watching.look();
    expect(evidence(watching, 'counters')).toMatchObject({
      state: 'unknown',
      reason: 'track_functions does not reach sessions that were open before: 1 to go',
      fixes: [expect.stringMatching(/restart/), expect.stringMatching(/^SELECT pg_terminate_backend/)],
    });
    expect(watching.state('public.accounts')).toBe('unknown');
    await pooled.end();
    // A server process ends after its client.
    await expect
      .poll(
        async () =>
          (
            await fixture.sql(
              "select count(*)::int as n from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and query like 'insert into accounts%'",
            )
          ).rows[0].n,
      )
      .toBe(0);
    await watching.look();
    await fixture.sql('update accounts set balance = 3');
    for (let i = 0; i < 2; i += 1) await watching.look();
    expect(evidence(watching, 'counters').state).toBe('ok');
    expect(watching.state('public.accounts')).toBe('ok');
    // Counting has begun: another setting of the database does not make these sessions old.
    const later = await fixture.connect();
    await fixture.sql(`alter database ${database} set work_mem = '8MB'`);
    await later.query('update accounts set balance = 4');
    await watching.look();
    expect(watching.state('public.accounts')).toBe('ok');
    await later.end();
  });

  test('statistics are off: unknown, not fine', async () => {
    const watching = await settled();
    await fixture.sql(`alter database ${new URL(fixture.url).pathname.slice(1)} set track_counts = 'off'`);
    await watching.close();
    const next = observe({ store: keep(watching) });
    await next.look();
    expect(next.state('public.accounts')).toBe('unknown');
    expect(evidence(next, 'counters').fixes.join()).toMatch(/track_counts/);
  });
});

/** Of what was measured, nothing is shown while it cannot be; the last needs an exact check to come back. */
const measured = [
  ...['counter_residual', 'clock_offset_seconds', 'unlogged_relations', 'tables_in_scope', 'tables_covered'],
  ...['coverage_ratio', 'trigger_effective', 'replay_mismatches', 'retention_violations', 'unreadable_records'],
  'bypass_roles',
];

/** What an observer remembered, for another one to go on from. */
function keep(watching: Watching) {
  const memory = JSON.stringify(watching.memory());
  return { load: () => Promise.resolve(JSON.parse(memory)), save: () => Promise.resolve() };
}

describe('what comes and goes', () => {
  test.skipIf(process.env.KOP_TEST_POSTGRES_URL !== undefined)('the server', async () => {
    const watching = await settled();
    await server.stop('fast');
    await watching.look();
    expect(evidence(watching, 'connection').state).toBe('unknown');
    expect(watching.state('public.accounts')).toBe('unknown');
    const shown = (name: string) => watching.metric(`audit_trail_${name}`);
    for (const name of measured) expect([name, shown(name)]).toEqual([name, undefined]);
    expect([shown('records_total'), shown('table_state'), shown('last_check_timestamp_seconds')]).toEqual([
      10,
      3,
      expect.any(Number),
    ]);
    await server.start();
    await watching.observer.runFastChecks(AbortSignal.timeout(10_000));
    for (const name of measured.slice(0, -1)) expect([name, shown(name)]).toEqual([name, expect.any(Number)]);
    await watching.look();
    expect(shown(measured.at(-1) ?? '')).toEqual(expect.any(Number));
    await watching.look();
    expect(evidence(watching, 'connection').state).toBe('ok');
    expect([watching.reason('public.accounts'), watching.state('public.accounts')]).toEqual([
      'every change is recorded',
      'ok',
    ]);
    expect(watching.metric('audit_trail_epoch_changes_total', { reason: 'postmaster_restart' })).toBe(1);
  });

  test.skipIf(process.env.KOP_TEST_POSTGRES_URL !== undefined).each(['fast', 'immediate'] as const)(
    'a server that was stopped (%s): changes that only counters showed are not forgotten',
    async (mode) => {
      const watching = await settled();
      await fixture.sql('alter table accounts enable trigger audit_row');
      await watching.look();
      await fixture.sql(
        "set session_replication_role = replica; insert into accounts (id, name) select i, 'x' from generate_series(901, 950) i; delete from accounts where id > 900",
      );
      for (let look = 0; look < 2; look += 1) await watching.look();
      const shown = () => ['', '_total'].map((end) => watching.metric(`audit_trail_unaccounted_changes${end}`));
      expect(shown()).toEqual([100, 100]);
      await server.stop(mode);
      await watching.look();
      expect(shown()).toEqual([100, 100]);
      await server.start();
      for (let look = 0; look < 2; look += 1) await watching.look();
      expect(shown()).toEqual([100, 100]);
      expect(watching.metric('audit_trail_epoch_changes_total', { reason: 'postmaster_restart' })).toBe(1);
    },
  );

  test.skipIf(process.env.KOP_TEST_POSTGRES_URL !== undefined)(
    'a crash: gaps and lost counters are no alarm',
    async () => {
      const watching = await settled();
      await server.stop('immediate');
      await server.start();
      await fixture.sql("insert into accounts (name) values ('after')");
      await watching.look();
      await watching.look();
      expect([watching.reason('public.accounts'), watching.state('public.accounts')]).toEqual([
        'every change is recorded',
        'ok',
      ]);
      expect(watching.metric('audit_trail_records_total', { operation: 'INSERT' })).toBe(6);
      expect(watching.metric('audit_trail_missing_events_total')).toBe(0);
      expect(watching.metric('audit_trail_identity_breaks_total')).toBe(0);
    },
  );

  test('statistics that are reset, with a fault in the gap', async () => {
    const watching = await settled();
    await fixture.sql(`${bypassed('update accounts set balance = 9 where id = 1')}; select pg_stat_reset()`);
    await watching.look();
    expect(watching.metric('audit_trail_epoch_changes_total', { reason: 'stats_reset' })).toBe(1);
    expect(watching.state('public.accounts')).toBe('confirmed');
    expect(watching.state('public.holdings')).toMatch(/ok|explained/);
  });

  test('the observer: a fault while it was away is seen', async () => {
    const watching = await settled();
    await watching.close();
    await fixture.sql(
      bypassed('update accounts set balance = 9 where id = 1; update accounts set balance = 1 where id = 1'),
    );
    const next = observe({ store: keep(watching) });
    await next.look();
    expect(next.state('public.accounts')).toBe('confirmed');
    expect(next.metric('audit_trail_epoch_changes_total')).toBe(0);
  });

  test('its memory: put aside when it cannot be understood, and all begins anew', async () => {
    const store = new MemoryDirectory(looseFolder(directory), silentLogger);
    await writeFile(join(directory, 'test.observer.json'), '{"version": 7');
    const watching = await settled({ store });
    expect(watching.metric('audit_trail_epoch_changes_total', { reason: 'start' })).toBe(1);
    expect(await readFile(join(directory, 'test.observer.json.unreadable'), 'utf8')).toBe('{"version": 7');
    expect((await store.load('test')).checks.reading.progress?.everCaughtUp).toBe(true);
    await rm(join(directory, 'test.observer.json'));
  });

  test('its memory: not overwritten when it cannot be read for a moment, and read at the next look', async () => {
    const watching = await settled();
    await fixture.sql(bypassed('update accounts set balance = 9 where id = 1'));
    await watching.look();
    expect(watching.state('public.accounts')).toBe('confirmed');
    await watching.close();
    const kept = keep(watching);
    let isExhausted = true;
    let saves = 0;
    const next = observe({
      store: {
        load: () => (isExhausted ? Promise.reject(new CannotKeepState('the state cannot be read')) : kept.load()),
        save: () => {
          saves += 1;
          return kept.save();
        },
      },
    });
    await next.look();
    expect(saves).toBe(0);
    expect(next.observer.state.lost).toContain('the state cannot be read');
    isExhausted = false;
    await next.look();
    expect(next.state('public.accounts')).toBe('confirmed');
    expect(saves).toBeGreaterThan(0);
  });

  test('a suspicion that nothing resolves becomes unknown', async () => {
    let now = Date.now();
    const watching = await settled({ observer: { now: () => now } });
    const open = await fixture.connect();
    await open.query('begin; select pg_current_xact_id()');
    await fixture.sql('vacuum full accounts').catch(() => undefined);
    await watching.look();
    expect(watching.state('public.accounts')).toBe('suspect');
    now += 700_000;
    await watching.look();
    expect([watching.state('public.accounts'), watching.reason('public.accounts')]).toEqual([
      'unknown',
      expect.stringMatching(/not resolved in time/),
    ]);
    await open.query('rollback');
    await watching.look();
    expect(watching.state('public.accounts')).toBe('explained');
  });
});

describe('what people declare', () => {
  const common = { by: 'carol', at: '2026-03-01T10:00:00Z' };

  test('a baseline acknowledges what was confirmed, and only a clean sweep makes it ok', async () => {
    const folder = await mkdtemp(join(directory, 'd-'));
    const watching = await settled({ declarations: folder });
    await fixture.sql(bypassed('delete from accounts where id = 1; update accounts set balance = 9 where id = 2'));
    await watching.look();
    expect(watching.state('public.accounts')).toBe('confirmed');
    expect(watching.metric('audit_trail_counter_residual', { invariant: 'operations_calls' })).toBe(2);
    await declare(folder, 'test', { kind: 'baseline', reason: 'investigated, ticket 7', ...common });
    await watching.observer.runFastChecks(AbortSignal.timeout(10_000));
    expect(watching.state('public.accounts')).toBe('unknown');
    await watching.look();
    await watching.look();
    expect([watching.reason('public.accounts'), watching.state('public.accounts')]).toEqual([
      'every change is recorded',
      'ok',
    ]);
    expect(watching.metric('audit_trail_counter_residual', { invariant: 'operations_calls' })).toBe(0);
    await fixture.sql('update accounts set balance = 10 where id = 2');
    await watching.look();
    expect(watching.state('public.accounts')).toBe('ok');
    await fixture.sql(bypassed('delete from accounts where id = 3'));
    await watching.look();
    expect(watching.state('public.accounts')).toBe('confirmed');
  });

  test('a baseline of one table ends its alarm, and not what counters show of the whole trail', async () => {
    const folder = await mkdtemp(join(directory, 'd-'));
    const watching = await settled({ declarations: folder });
    const residual = () => watching.metric('audit_trail_counter_residual', { invariant: 'operations_calls' });
    await fixture.sql(bypassed('update accounts set balance = 9 where id = 2'));
    await watching.look();
    await declare(folder, 'test', { kind: 'baseline', tables: ['public.accounts'], reason: 'ticket 7', ...common });
    for (let look = 0; look < 3; look += 1) await watching.look();
    expect([watching.state('public.accounts'), residual()]).toEqual(['ok', 1]);
    await declare(folder, 'test', { kind: 'baseline', reason: 'ticket 7', ...common, at: '2026-03-01T11:00:00Z' });
    await watching.look();
    expect(residual()).toBe(0);
  });

  test('maintenance explains what happens in it, and nothing after it', async () => {
    const folder = await mkdtemp(join(directory, 'd-'));
    let now = Date.now();
    const watching = await settled({ declarations: folder, observer: { now: () => now } });
    const at = (ms: number) => new Date(now + ms).toISOString();
    await declare(folder, 'test', {
      kind: 'maintenance',
      reason: 'migration 12',
      from: at(-1000),
      until: at(60_000),
      ...common,
    });
    await fixture.sql(bypassed('update accounts set balance = 9 where id = 1; delete from accounts where id = 2'));
    await watching.look();
    expect([watching.state('public.accounts'), watching.reason('public.accounts')]).toEqual([
      'explained',
      'maintenance: migration 12',
    ]);
    now += 61_000;
    await watching.look();
    await watching.look();
    now += 1000;
    await watching.look();
    expect([watching.reason('public.accounts'), watching.state('public.accounts')]).toEqual([
      'every change is recorded',
      'ok',
    ]);
    expect(watching.metric('audit_trail_missing_events_total')).toBe(0);
    await fixture.sql(bypassed('delete from accounts where id = 3'));
    await watching.look();
    expect(watching.state('public.accounts')).toBe('confirmed');
  });

  test('a maintenance that is declared while tables are compared explains what they show', async () => {
    const folder = await mkdtemp(join(directory, 'd-'));
    const watching = await settled({ declarations: folder });
    const { loop } = watching.observer;
    const run = loop.run.bind(loop);
    const during = vi.spyOn(loop, 'run').mockImplementation(async (slot, check, poll) => {
      if (check.name === 'replay') {
        const at = (ms: number) => new Date(Date.now() + ms).toISOString();
        const window = { from: at(-1000), until: at(60_000) };
        await declare(folder, 'test', { kind: 'maintenance', reason: 'migration 14', ...window, ...common });
        await fixture.sql(bypassed('update accounts set balance = 9 where id = 1'));
      }
      return run(slot, check, poll);
    });
    await watching.look();
    during.mockRestore();
    expect(watching.reason('public.accounts')).toBe('maintenance: migration 14');
    expect(watching.metric('audit_trail_missing_events_total')).toBe(0);
  });

  test('what a fast check takes over between the plan of a full scan and its pages, the pages know', async () => {
    const folder = await mkdtemp(join(directory, 'd-'));
    let now = Date.now();
    const watching = await settled({ declarations: folder, observer: { now: () => now } });
    const { observer } = watching;
    const at = (ms: number) => new Date(now + ms).toISOString();
    const window = { from: at(-1000), until: at(60_000) };
    await declare(folder, 'test', { kind: 'maintenance', reason: 'migration 13', ...window, ...common });
    await fixture.sql(bypassed('update accounts set balance = 9 where id = 1'));
    await watching.look();
    const run = observer.loop.run.bind(observer.loop);
    const between = vi.spyOn(observer.loop, 'run').mockImplementation(async (slot, check, poll) => {
      if (check.name === 'replay') {
        now += 62_000;
        await observer.runFastChecks(poll.signal);
      }
      return run(slot, check, poll);
    });
    await watching.look();
    between.mockRestore();
    expect(observer.state.memory.tables['public.accounts']?.accepted).toBeDefined();
    now += 1000;
    await watching.look();
    expect([watching.state('public.accounts'), watching.metric('audit_trail_missing_events_total')]).toEqual(['ok', 0]);
  });
});

describe('for the command line', () => {
  test('status and explain', async () => {
    const folder = await mkdtemp(join(directory, 's-'));
    const watching = await settled({ store: new MemoryDirectory(looseFolder(folder), silentLogger) });
    await fixture.sql(bypassed('update accounts set balance = 9 where id = 1'));
    await watching.look();
    const options = { stateDirectory: folder, signal: AbortSignal.timeout(20_000) };
    const shown = await status(fixture.trail, options);
    expect(shown.tables.map(({ table, state, coverageRatio }) => [table, state, coverageRatio])).toEqual([
      ['public.accounts', 'confirmed', 1],
      // Its triggers were altered too.
      ['public.holdings', 'explained', 1],
      ['public.visits', 'ok', 1],
    ]);
    const hidden = await explain(fixture.trail, 'public.accounts', { ...options, showKeys: false });
    expect(hidden.findings).toEqual([
      {
        kind: 'missing',
        operation: 'UPDATE',
        check: 'replay',
        key: expect.stringMatching(/^[0-9a-f]{12}$/),
        detail: expect.stringMatching(/balance/),
      },
    ]);
    const open = await explain(fixture.trail, 'public.accounts', { ...options, showKeys: true });
    expect(open.findings[0]?.key).toBe('{"id": 1}');
    expect(open.equalities).toEqual([{ invariant: 'operations_calls', residual: 1 }]);
    await expect(explain(fixture.trail, 'public.nowhere', { ...options, showKeys: false })).rejects.toThrow(
      /not in scope/,
    );
  });
});

describe('Kingston as it is today', () => {
  test('22 tables, no trigger, no audit table', async () => {
    fixture = await auditFixture(server, { isEmpty: true });
    await fixture.sql(
      Array.from({ length: 22 }, (_, i) => `create table t${i} (id bigint primary key, v text)`).join(';'),
    );
    const { records: _, ...trail } = fixture.trail;
    fixture = { ...fixture, trail };
    const watching = observe();
    await watching.look();
    expect(watching.metric('audit_trail_tables_in_scope')).toBe(22);
    expect(watching.metric('audit_trail_tables_covered')).toBe(0);
    expect(watching.metric('audit_trail_coverage_ratio')).toBe(0);
    expect(watching.metric('audit_trail_table_state', { state: 'unknown' })).toBe(22);
    expect(watching.reason('public.t0')).toBe('no audit records');
    expect(evidence(watching, 'records')).toMatchObject({ state: 'unknown', reason: 'no audit records' });
    expect(evidence(watching, 'connection').state).toBe('ok');
  });

  test('a trail that describes an audit table which is not there', async () => {
    fixture = await auditFixture(server, { isEmpty: true });
    await fixture.sql('create table t1 (id bigint primary key)');
    const watching = observe({ trail: { records: { ...ownRecords, table: 'audit.nowhere' } } });
    await watching.look();
    expect(watching.state('public.t1')).toBe('unknown');
    expect(watching.reason('public.t1')).toMatch(/audit.nowhere does not exist/);
  });
});
