import { describe, expect, test } from 'vitest';
import type { SealStatus } from '../../../../../exporters/audit-trail/seal/index.js';
import { sealFamilies } from '../../../../../exporters/audit-trail/seal-families.js';
import type { Witness, WitnessReport } from '../../../../../exporters/audit-trail/witness/index.js';
import { renderFamilies } from '../../../../../exporters/runtime/metrics/index.js';
import type { Comparison } from '../../../../../pack/audit-trail/model.js';
import { auditTrail, ownRecords } from '../../../../support/audit-trail/domain.js';
import { observed } from '../../../../support/audit-trail/observed.js';
import { bypassed } from '../../../../support/audit-trail/schema.js';
import { startWriters } from '../../../../support/audit-trail/writers.js';

const lab = observed();

async function begin(options: Parameters<typeof lab.watch>[0] = {}): Promise<void> {
  await lab.prepare();
  lab.watch(options);
  await lab.watching.look();
}

const { observe } = auditTrail('postgres://observer@localhost/portal');
const count = (name: string, labels: Record<string, string> = {}) => lab.watching.metric(`audit_trail_${name}`, labels);

describe('coverage', () => {
  const cases: readonly { name: string; sql: string; operation: string; ratio: number; problem: RegExp }[] = [
    {
      name: 'a disabled trigger',
      sql: 'alter table accounts disable trigger audit_row',
      operation: 'UPDATE',
      ratio: 0.25,
      problem: /is disabled/,
    },
    {
      name: 'an ordinary trigger',
      sql: 'alter table accounts enable trigger audit_row',
      operation: 'UPDATE',
      ratio: 0.25,
      problem: /can be bypassed: ALTER TABLE public.accounts ENABLE ALWAYS TRIGGER audit_row/,
    },
    {
      name: 'a condition',
      sql: 'drop trigger audit_row on accounts; create trigger audit_row after update on accounts for each row when (old is distinct from new) execute function audit.record(); alter table accounts enable always trigger audit_row',
      operation: 'UPDATE',
      ratio: 0.25,
      problem: /WHEN condition/,
    },
    {
      name: 'some columns only',
      sql: 'drop trigger audit_row on accounts; create trigger audit_row after update of name on accounts for each row execute function audit.record(); alter table accounts enable always trigger audit_row',
      operation: 'UPDATE',
      ratio: 0.25,
      problem: /some columns only/,
    },
    {
      name: 'no trigger for TRUNCATE',
      sql: 'drop trigger audit_truncate on accounts',
      operation: 'TRUNCATE',
      ratio: 0.75,
      problem: /no trigger on public.accounts records TRUNCATE/,
    },
    {
      name: 'another function',
      sql: `create function public.other() returns trigger language plpgsql as 'begin return null; end'; drop trigger audit_row on accounts; create trigger audit_row after insert or update or delete on accounts for each row execute function public.other(); alter table accounts enable always trigger audit_row`,
      operation: 'INSERT',
      ratio: 0.25,
      problem: /no trigger on public.accounts records INSERT/,
    },
  ];

  test.each(cases)('$name', async ({ sql, operation, ratio, problem }) => {
    await begin();
    expect(count('coverage_ratio', { table: 'public.accounts' })).toBe(1);
    await lab.fixture.sql(sql);
    await lab.watching.look();
    expect(count('coverage_ratio', { table: 'public.accounts' })).toBe(ratio);
    expect(count('trigger_effective', { table: 'public.accounts', operation })).toBe(0);
    expect(count('tables_covered')).toBe(2);
    const problems = lab.watching.observer.state.seen?.coverage.get('public.accounts')?.operations;
    expect(JSON.stringify(problems)).toMatch(problem);
    expect(lab.watching.state('public.accounts')).not.toBe('confirmed');
  });

  test('a leaf without its TRUNCATE trigger, and one that was detached', async () => {
    await begin();
    await lab.fixture.sql('drop trigger audit_truncate on visits_1');
    await lab.watching.look();
    expect(count('trigger_effective', { table: 'public.visits', operation: 'TRUNCATE' })).toBe(0);
    expect(count('trigger_effective', { table: 'public.visits', operation: 'INSERT' })).toBe(1);
    await lab.fixture.sql('alter table visits detach partition visits_2');
    await lab.watching.look();
    expect(count('tables_in_scope')).toBe(4);
  });

  test('a new table is in scope, uncovered; an excluded one is not', async () => {
    await begin({
      trail: {
        scope: {
          schemas: ['public'],
          include: [],
          exclude: [{ table: 'public.temp_*', reason: 'scratch' }],
          operations: ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'],
        },
      },
    });
    await lab.fixture.sql(
      'create table newcomer (id bigint primary key); create table temp_1 (id bigint primary key); create temp table mine (id int)',
    );
    await lab.watching.look();
    expect(count('tables_in_scope')).toBe(4);
    expect(count('coverage_ratio', { table: 'public.newcomer' })).toBe(0);
    expect(lab.watching.state('public.newcomer')).toBe('unknown');
    await lab.fixture.sql('drop table newcomer');
    await lab.watching.look();
    expect(count('coverage_ratio', { table: 'public.newcomer' })).toBeUndefined();
  });

  test('a trigger that was switched off and on between two looks', async () => {
    await begin();
    await lab.fixture.sql(
      'alter table accounts disable trigger audit_row; alter table accounts enable always trigger audit_row',
    );
    await lab.watching.look();
    expect(count('fingerprint_changes_total', { object: 'trigger' })).toBe(1);
    expect(lab.watching.state('public.accounts')).toBe('explained');
    await lab.watching.look();
    expect(lab.watching.state('public.accounts')).toBe('ok');
  });

  test('a function with a source that nobody trusts, until it is trusted', async () => {
    await begin();
    await lab.fixture.sql(
      `create or replace function audit.record() returns trigger language plpgsql as 'begin return null; end'`,
    );
    await lab.watching.look();
    expect(count('trigger_effective', { table: 'public.accounts', operation: 'INSERT' })).toBe(0);
    expect(lab.watching.state('public.accounts')).not.toBe('ok');
    const { rows } = await lab.fixture.sql(`select md5(prosrc) as digest from pg_proc where proname = 'record'`);
    await lab.watching.close();
    const memory = JSON.stringify(lab.watching.memory());
    lab.watch({
      store: { load: () => Promise.resolve(JSON.parse(memory)), save: () => Promise.resolve() },
      trail: { observe: { ...lab.fixture.trail.observe, trustedFunctions: [rows[0].digest] } },
    });
    await lab.watching.look();
    expect(count('trigger_effective', { table: 'public.accounts', operation: 'INSERT' })).toBe(1);
  });
});

describe('attribution', () => {
  test('each field by itself, machines apart', async () => {
    await begin({
      trail: {
        attribution: {
          machineActors: ['job:*'],
          sharedActors: ['admin'],
          required: ['actor', 'correlation', 'reason', 'rowKey'],
        },
      },
    });
    const insert = "insert into holdings select (random() * 1e9)::bigint, 'f', 1";
    await lab.fixture.sql(`set app.actor = 'ann'; set app.correlation = 'c'; set app.reason = 'r'; ${insert}`);
    await lab.fixture.sql(`set app.actor = 'ann'; ${insert}`);
    await lab.fixture.sql(`set app.actor = 'job:nightly'; ${insert}`);
    await lab.fixture.sql(`set app.actor_kind = 'machine'; ${insert}`);
    await lab.fixture.sql(`set app.actor = 'admin'; ${insert}`);
    await lab.fixture.sql(`set app.actor = '  '; ${insert}`);
    await lab.fixture.sql('truncate holdings');
    await lab.watching.look();
    expect(['human', 'machine', 'shared', 'none'].map((kind) => count('actor_records_total', { kind }))).toEqual([
      2, 2, 1, 2,
    ]);
    expect(
      ['actor', 'correlation', 'reason', 'rowKey'].map((field) => count('attribution_missing_total', { field })),
    ).toEqual([2, 4, 4, 0]);
    await lab.watching.look();
    expect(count('attribution_missing_total', { field: 'actor' })).toBe(2);
  });
});

describe('times', () => {
  const record = (ts: string) =>
    `insert into audit.log (op, table_schema, table_name, pk, ts, new_row) values ('INSERT', 'other', 'x', '1', ${ts}, '{}')`;

  test.each([
    ['in the future', "now() + interval '1 hour'", 1, 0],
    ['dated back', "now() - interval '300 days'", 0, 1],
    ['a moment before the commit', "now() - interval '1 second'", 0, 0],
  ])('%s', async (_, ts, future, backdated) => {
    await begin();
    await lab.fixture.sql(record(ts));
    await lab.watching.look();
    expect([
      count('time_violations_total', { kind: 'future' }),
      count('time_violations_total', { kind: 'backdated' }),
    ]).toEqual([future, backdated]);
    expect(Math.abs(count('clock_offset_seconds') ?? 99)).toBeLessThan(1);
    expect(count('clock_skew_limit_seconds')).toBe(lab.fixture.trail.observe.maxClockSkewMs / 1000);
  });
});

describe('ids', () => {
  test('one beyond the sequence', async () => {
    await begin();
    await lab.fixture.sql(
      "insert into audit.log (id, op, table_schema, table_name, pk, new_row) values (900000, 'INSERT', 'other', 'x', '1', '{}')",
    );
    for (let i = 0; i < 2; i += 1) await lab.watching.look();
    expect(count('identity_breaks_total', { kind: 'beyond_sequence' })).toBe(1);
  });

  test('two of the same', async () => {
    await begin();
    await lab.fixture.sql(
      "alter table audit.log drop constraint log_pkey; create index on audit.log (id); insert into accounts (name) values ('a')",
    );
    lab.watching.observer.loop.change((state) => ({ ...state, shapeReadAt: 0 }));
    await lab.watching.look();
    await lab.fixture.sql(
      "insert into audit.log (id, op, table_schema, table_name, pk, new_row) values (1, 'INSERT', 'other', 'x', '1', '{}')",
    );
    await lab.watching.look();
    expect(count('identity_breaks_total', { kind: 'duplicate' })).toBe(1);
  });

  test('a sequence that was set back', async () => {
    await begin();
    await lab.fixture.sql("insert into accounts (name) select 'a' from generate_series(1, 9)");
    await lab.watching.look();
    await lab.fixture.sql("select setval('audit.log_id_seq', 3)");
    await lab.watching.look();
    expect(count('identity_breaks_total', { kind: 'regressed' })).toBe(1);
  });
});

describe('retention', () => {
  test('a young trail is in order; what was seen and is gone is not; what was archived is', async () => {
    await lab.prepare();
    await lab.fixture.sql('create table audit.old (like audit.log)');
    await lab.fixture.sql(
      `grant select on audit.old to ${lab.fixture.observerRole}; insert into accounts (name) values ('a'), ('b')`,
    );
    lab.watch({ trail: { records: { ...ownRecords, archive: 'audit.old' } } });
    await lab.watching.look();
    expect(count('retention_violations')).toBe(0);
    await lab.fixture.sql(
      'with gone as (delete from audit.log where id = 1 returning *) insert into audit.old select * from gone',
    );
    await lab.watching.look();
    expect(count('retention_violations')).toBe(0);
    expect(count('counter_residual', { invariant: 'records_mutated' })).toBe(0);
    expect(lab.watching.state('public.accounts')).toBe('ok');
    await lab.fixture.sql('delete from audit.old');
    await lab.watching.look();
    expect(count('retention_violations', { kind: 'disposed_early' })).toBe(1);
  });
});

describe('exposure and storage', () => {
  test('roles that could act unseen', async () => {
    await begin();
    const before = count('bypass_roles', { exposure: 'mutate_records' });
    await lab.fixture.sql(`grant update on audit.log to ${lab.fixture.observerRole}`);
    await lab.watching.look();
    expect([before, count('bypass_roles', { exposure: 'mutate_records' })]).toEqual([0, 1]);
    expect(count('bypass_roles', { exposure: 'superuser' })).toBeGreaterThan(0);
    // One column is enough to change a record, and one record that no trigger wrote to make a history.
    const exposures = ['mutate_records', 'forge_records', 'server_programs'] as const;
    const counts = () => exposures.map((exposure) => count('bypass_roles', { exposure }));
    await lab.fixture.sql(
      `revoke update on audit.log from ${lab.fixture.observerRole}; grant insert (op) on audit.log to ${lab.fixture.observerRole}`,
    );
    await lab.watching.look();
    expect(counts()).toEqual([0, 1, 0]);
    await lab.fixture.sql(
      `grant update (actor) on audit.log to ${lab.fixture.observerRole}; grant pg_execute_server_program to ${lab.fixture.observerRole}`,
    );
    await lab.watching.look();
    expect(counts()).toEqual([1, 0, 1]);
    await lab.fixture.sql(`revoke pg_execute_server_program from ${lab.fixture.observerRole}`);
    expect(count('unlogged_relations')).toBe(0);
    await lab.fixture.sql('alter table holdings set unlogged');
    await lab.watching.look();
    expect(count('unlogged_relations')).toBe(1);
  });
});

describe('without a transaction column', () => {
  test('an overlap is read again: nothing is lost or counted twice, and the lower certainty is said', async () => {
    const { transaction: _, ...columns } = ownRecords.columns;
    await begin({ trail: { records: { ...ownRecords, columns } }, observer: { windowRows: 7 } });
    const late = await lab.fixture.connect();
    await late.query("begin; insert into accounts (name) values ('late')");
    await lab.fixture.sql("insert into accounts (name) select 'a' from generate_series(1, 20)");
    await lab.watching.look();
    expect(count('records_total')).toBe(20);
    await late.query('commit');
    await late.end();
    for (let i = 0; i < 3; i += 1) await lab.watching.look();
    expect(count('records_total')).toBe(21);
    expect(lab.watching.observer.state.evidence.get('records')).toMatchObject({
      state: 'degraded',
      reason: expect.stringMatching(/no transaction column/),
    });
    expect([lab.watching.reason('public.accounts'), lab.watching.state('public.accounts')]).toEqual([
      'every change is recorded',
      'ok',
    ]);
    expect(count('continuity_breaks_total')).toBe(0);
  });

  test('unknown while the transactions of others cannot be seen; afterwards nothing is missed', async () => {
    const { transaction: _, ...columns } = ownRecords.columns;
    await begin({ trail: { records: { ...ownRecords, columns } }, observer: { overlapMarginMs: 0 } });
    const { observerRole } = lab.fixture;
    const evidence = (source: 'records' | 'continuity') => lab.watching.observer.state.evidence.get(source);
    await lab.fixture.sql("insert into accounts (name) values ('early')");
    await lab.watching.look();
    expect([lab.watching.state('public.accounts'), count('records_total')]).toEqual(['ok', 1]);
    const late = await lab.fixture.connect();
    await late.query("begin; insert into accounts (name) values ('late')");
    await lab.fixture.sql(`revoke pg_read_all_stats from ${observerRole}; insert into accounts (name) values ('soon')`);
    for (let i = 0; i < 2; i += 1) await lab.watching.look();
    const readAt = count('last_check_timestamp_seconds', { check: 'reading' });
    await lab.watching.look();
    expect(count('last_check_timestamp_seconds', { check: 'reading' })).toBe(readAt);
    for (const source of ['records', 'continuity'] as const)
      expect(evidence(source)).toMatchObject({
        state: 'unknown',
        fixes: [`GRANT pg_read_all_stats TO ${observerRole}`],
      });
    expect([lab.watching.state('public.accounts'), lab.watching.reason('public.accounts')]).toEqual([
      'unknown',
      expect.stringMatching(/cannot see when other transactions began/),
    ]);
    await late.query('commit');
    await late.end();
    await lab.fixture.sql(`grant pg_read_all_stats to ${observerRole}`);
    for (let i = 0; i < 3; i += 1) await lab.watching.look();
    expect([lab.watching.state('public.accounts'), count('records_total')]).toEqual(['ok', 3]);
    expect(evidence('records').state).toBe('degraded');
  });

  test('with one, the transactions of others need not be seen', async () => {
    await lab.prepare();
    await lab.fixture.sql(`revoke pg_read_all_stats from ${lab.fixture.observerRole}`);
    lab.watch();
    for (let i = 0; i < 2; i += 1) await lab.watching.look();
    expect([
      lab.watching.state('public.accounts'),
      count('evidence_state', { source: 'records', state: 'ok' }),
    ]).toEqual(['ok', 1]);
  });
});

describe('without row images', () => {
  test('changes are still counted and rows still looked for; what cannot be compared is said', async () => {
    const { oldRow: _, newRow: __, ...columns } = ownRecords.columns;
    await begin({ trail: { records: { ...ownRecords, columns } } });
    await lab.fixture.sql("insert into accounts (name) values ('a'), ('b'); update accounts set balance = 1");
    for (let i = 0; i < 2; i += 1) await lab.watching.look();
    expect(lab.watching.state('public.accounts')).toBe('ok');
    for (const source of ['continuity', 'replay'] as const)
      expect(lab.watching.observer.state.evidence.get(source)).toMatchObject({
        state: 'degraded',
        reason: expect.stringMatching(/^records hold no row images/),
      });
    await lab.fixture.sql(bypassed('delete from accounts where id = 1'));
    await lab.watching.look();
    expect(lab.watching.state('public.accounts')).toBe('confirmed');
  });
});

/** Of tables that are not there. */
function comparison(name: string): Comparison {
  return { name, title: 'Orphans.', strength: 'proof', query: 'select true as is_finding from public.valuations' };
}

describe('other components', () => {
  test('a change that only the write-ahead log shows', async () => {
    const changes = { value: 0 };
    let from = 0n;
    const witness: Witness = {
      async poll() {
        const { rows } = await lab.fixture.sql('select pg_snapshot_xmin(pg_current_snapshot())::text as xmin');
        const report: WitnessReport = {
          state: 'counted',
          from: from.toString(),
          to: rows[0].xmin,
          counts: [{ schema: 'public', table: 'accounts', operation: 'UPDATE', changes: changes.value }],
          uncertain: [{ schema: 'public', table: 'holdings', reason: 'its file was replaced' }],
        };
        from = BigInt(rows[0].xmin);
        changes.value = 0;
        return report;
      },
      resume: () => undefined,
      kept: () => undefined,
      retained: () => ({ bytes: 4096, limitBytes: Number.POSITIVE_INFINITY }),
      close: () => Promise.resolve(),
    };
    await begin({ witness });
    expect([count('witness_retained_bytes'), count('witness_retained_limit_bytes')]).toEqual([
      4096,
      Number.POSITIVE_INFINITY,
    ]);
    await lab.fixture.sql("insert into visits (what) values ('a')");
    await lab.watching.look();
    // The insert was not among the changes, so it is a record too many; that table was suspected, and is believed.
    expect(lab.watching.state('public.visits')).toBe('confirmed');
    expect(count('unexplained_events_total', { table: 'public.visits', operation: 'INSERT' })).toBe(1);
    await lab.fixture.sql('select pg_current_xact_id()');
    changes.value = 2;
    await lab.watching.look();
    expect(lab.watching.state('public.accounts')).toBe('confirmed');
    expect(count('missing_events_total', { table: 'public.accounts', operation: 'UPDATE' })).toBe(2);
    expect(count('witness_residual', { table: 'public.holdings' })).toBeUndefined();
    expect(count('evidence_state', { source: 'witness', state: 'degraded' })).toBe(1);
    expect(lab.watching.state('public.holdings')).toBe('ok');
  });

  test('business tables compared, where they are there', async () => {
    await begin({ trail: { comparisons: [comparison('orphaned-valuations')] } });
    expect(count('comparison_findings')).toBeUndefined();
    expect(lab.watching.observer.state.memory.checks.comparisons.results?.['orphaned-valuations']).toMatchObject({
      state: 'unknown',
    });
    expect(lab.watching.state('public.accounts')).toBe('ok');
  });

  test('the seal, as its sealer says', async () => {
    await begin();
    const status: SealStatus = {
      state: 'sealing',
      evidence: 'ok',
      reasons: [],
      certainty: 'exact',
      checkpoint: { seq: 3, size: 77, at: new Date(5000) },
      lastPassAt: new Date(5000),
      waitingSince: undefined,
      sealLagSeconds: 2,
      failures: { signature: 0, size: 0, consistency: 1, chunk: 0, anchor: 0, fork: 0, missing: 0 },
      anchors: [],
      verification: undefined,
      disposedRecords: 0,
      sealedRows: 77,
      lateRows: 0,
    };
    const text = renderFamilies(sealFamilies([{ trail: lab.fixture.trail, status }]), 'text');
    expect(text).toContain('audit_trail_checkpoint_size{portal="kingston",trail="test"} 77');
    expect(text).toContain('audit_trail_seal_lag_seconds{portal="kingston",trail="test"} 2');
    expect(text).toContain('audit_trail_verification_failures{portal="kingston",trail="test",kind="consistency"} 1');
    expect(text).not.toContain('audit_trail_verified_ratio{');
  });
});

describe('with an office at work', () => {
  test('all is read once, nothing is suspected, and a fault is found meanwhile', { timeout: 60_000 }, async () => {
    await begin({ observer: { windowRows: 200, settleMs: 2500 } });
    const writers = await startWriters({ url: lab.fixture.url, pauseMs: 20 });
    const seen: (string | undefined)[] = [];
    const until = Date.now() + 5000;
    while (Date.now() < until) {
      await lab.watching.observer.runFastChecks(AbortSignal.timeout(10_000));
      await lab.watching.observer.runExactChecks(AbortSignal.timeout(10_000));
      seen.push(...['public.accounts', 'public.holdings', 'public.visits'].map((table) => lab.watching.state(table)));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(
      [...new Set(seen)].filter(
        (state) => state !== 'ok' && state !== 'unknown' && state !== 'suspect' && state !== 'explained',
      ),
    ).toEqual([]);
    await lab.fixture.sql(
      "begin; set local lock_timeout = '5s'; alter table accounts disable trigger audit_row; update accounts set balance = -1 where id = (select min(id) from accounts); alter table accounts enable always trigger audit_row; commit",
    );
    await lab.watching.look();
    await writers.stop();
    await lab.watching.look();
    expect(lab.watching.state('public.accounts')).toBe('confirmed');
    expect(count('missing_events_total')).toBe(1);
    const { rows } = await lab.fixture.sql('select count(*)::int as n from audit.log');
    expect(count('records_total')).toBe(rows[0].n);
    expect(writers.rolledBack()).toBeGreaterThan(5);
    for (const table of ['public.holdings', 'public.visits']) expect(lab.watching.state(table)).not.toBe('confirmed');
  });
});

describe('records that the load limit leaves unread', () => {
  async function unread(resolveWithinMs: number): Promise<void> {
    await begin({ trail: { observe: { ...observe, maxLoad: 1e-9, resolveWithinMs } } });
    // The first reading is not charged, and this one is.
    await lab.watching.look();
    await lab.fixture.sql("set app.actor = 'ann'; insert into accounts (name) select 'a' from generate_series(1, 50)");
    await lab.watching.look();
    expect(count('records_total', { table: 'public.accounts' })).toBe(0);
  }
  const continuity = () => lab.watching.observer.state.evidence.get('continuity');
  const saysWhy = { reason: expect.stringContaining('observe.maxLoad') };

  test('are owed for', async () => {
    await unread(600_000);
    expect(continuity()).toMatchObject({ state: 'degraded', ...saysWhy });
  });

  test('leave their tables unknown when that goes on', async () => {
    await unread(1);
    expect(continuity()).toMatchObject({ state: 'unknown', ...saysWhy });
    expect(lab.watching.state('public.accounts')).toBe('unknown');
    expect(lab.watching.reason('public.accounts')).toContain('observe.maxLoad');
  });
});
