import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createWitness,
  keptPlaceSchema,
  type Witness,
  type WitnessReport,
} from '../../../../../exporters/audit-trail/witness/index.js';
import { createLogger, Redactor } from '../../../../../exporters/runtime/log.js';
import { SecretText } from '../../../../../pack/index.js';
import { majors, startMajor, type TestServer } from '../../../../support/postgres/majors.js';

const log = createLogger({ level: 'error', format: 'logfmt', redactor: new Redactor() });
const signal = () => AbortSignal.timeout(20_000);
const started = { state: 'started', from: expect.stringMatching(/^\d+$/) };

describe.each(majors)('on PostgreSQL %d', (major) => {
  let server: TestServer;
  let databases = 0;

  beforeAll(async () => {
    server = await startMajor(major, {
      wal_level: 'logical',
      wal_writer_delay: '10ms',
      // Its transactions would hold reports back.
      autovacuum: 'off',
      max_prepared_transactions: '5',
      max_replication_slots: '60',
    });
  });
  afterAll(() => server.close());

  async function connect(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  }

  async function setUp() {
    databases += 1;
    const slot = `witness_${databases}`;
    const url = await server.database(slot);
    const db = await connect(url);
    await db.query('set synchronous_commit = on');
    await db.query('create table t (id int primary key, v text); create table u (id int)');
    await db.query(`select pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
    onTestFinished(async () => {
      await db.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [
        slot,
      ]);
    });
    const witness = witnessOf(url, slot);
    expect(await witness.poll(signal())).toEqual(started);
    return { db, url, slot, witness };
  }

  function witnessOf(url: string, slot: string): Witness {
    const database = { url: SecretText.literal(url), statementTimeoutMs: 20_000, maxConnections: 2 };
    const witness = createWitness({ kind: 'decoding', database, slot }, { log });
    onTestFinished(() => witness.close());
    return witness;
  }

  async function once(witness: Witness) {
    const report = await witness.poll(signal());
    if (report.state !== 'counted') throw new Error(`not counted: ${JSON.stringify(report)}`);
    return { ...report, lines: lines(report) };
  }

  /** Polls until everything is in a report that has ended by now; a busy machine may need more than one. */
  async function counted(witness: Witness, db: pg.Client) {
    const { rows } = await db.query<{ xmax: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xmax');
    for (;;) {
      const report = await once(witness);
      if (BigInt(report.to) >= BigInt(rows[0]?.xmax ?? '0')) return report;
      // What was counted on the way would be lost; the tests that have such a report use `once`.
      expect(report.lines).toEqual([]);
    }
  }

  function lines(report: Extract<WitnessReport, { state: 'counted' }>): string[] {
    return report.counts.map(({ table, operation, changes }) => `${table} ${operation} ${changes}`).sort();
  }

  test('counts what was committed, however it came about', async () => {
    const { db, witness } = await setUp();
    await db.query(`insert into t values (1, 'a'), (2, 'b')`);
    await db.query(`insert into t values (1, 'a'), (3, 'c') on conflict do nothing`);
    await db.query(`insert into t values (3, 'a'), (4, 'd') on conflict (id) do update set v = excluded.v`);
    await db.query(
      'begin; savepoint a; insert into t values (5); savepoint b; update t set v = null; release b; commit',
    );
    await db.query('begin; savepoint a; insert into t values (6); rollback to a; insert into u values (1); commit');
    await db.query(`copy u from program 'seq 1 250'`);
    await db.query('delete from u where id > 200');
    await db.query('begin; insert into u values (9); rollback');
    await expect(db.query('insert into t values (7), (8), (1)')).rejects.toThrow();
    await db.query(`begin; insert into u values (1); prepare transaction 'kept_${databases}'`);
    await db.query(`begin; insert into u values (1); prepare transaction 'dropped_${databases}'`);
    await db.query(`commit prepared 'kept_${databases}'`);
    await db.query(`rollback prepared 'dropped_${databases}'`);
    const report = await counted(witness, db);
    expect(report).toMatchObject({ uncertain: [] });
    expect(report.lines).toEqual(['t INSERT 5', 't UPDATE 6', 'u DELETE 50', 'u INSERT 252']);
    expect((await counted(witness, db)).lines).toEqual([]);
  });

  test('tells how much of the log the server keeps for it, also when another program holds the slot', async () => {
    const { db, witness, slot } = await setUp();
    const small = witness.retained();
    expect(small?.limitBytes).toBe(Number.POSITIVE_INFINITY);
    await db.query(`insert into t select i, repeat('x', 1000) from generate_series(100, 2000) i`);
    await db.query(`alter system set max_slot_wal_keep_size = '2GB'`);
    await db.query('select pg_reload_conf(), pg_sleep(0.2)');
    try {
      const report = await witness.poll(signal());
      expect(report.state).toBe('counted');
      expect(witness.retained()?.bytes).toBeGreaterThan(1_900_000);
      const limit = async () => {
        await witness.poll(signal());
        return witness.retained()?.limitBytes;
      };
      await expect.poll(limit).toBe(2 ** 31);
    } finally {
      await db.query('alter system reset max_slot_wal_keep_size');
      await db.query('select pg_reload_conf()');
    }
    await db.query(`select pg_drop_replication_slot('${slot}')`);
    await witness.poll(signal());
    expect(witness.retained()?.bytes).toBe(0);
    // Who cannot look says nothing, not 0.
    const blind = witnessOf('postgresql://nobody@127.0.0.1:1/nowhere', slot);
    expect((await blind.poll(signal())).state).toBe('unknown');
    expect(blind.retained()).toBeUndefined();
  });

  test('a transaction counts in the report in whose range its id lies, once', async () => {
    const { db, url, witness } = await setUp();
    const late = await connect(url);
    await late.query('begin; insert into t values (1)');
    await db.query('insert into u values (1)');
    const first = await once(witness);
    expect(first.lines).toEqual([]);
    await db.query('insert into u values (2)');
    await late.query('insert into t values (2); commit');
    const { rows } = await db.query<{ xid: string }>('select min(xmin::text::bigint)::text as xid from t');
    const second = await counted(witness, db);
    expect(second.lines).toEqual(['t INSERT 2', 'u INSERT 2']);
    expect(first.to).toBe(second.from);
    expect(BigInt(second.from)).toBeLessThanOrEqual(BigInt(rows[0]?.xid ?? '0'));
    expect(BigInt(second.to)).toBeGreaterThan(BigInt(rows[0]?.xid ?? '0'));
  });

  test('agrees with the transactions that rows carry, while others write and roll back', async () => {
    const { db, url, witness } = await setUp();
    await db.query('create table w (id bigserial primary key, x xid8 default pg_current_xact_id())');
    const stop = new AbortController();
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      const client = await connect(url);
      for (let n = 0; !stop.signal.aborted; n += 1) {
        await client.query(`begin; insert into w select from generate_series(1, ${1 + ((n + writer) % 3)})`);
        await client.query(n % 6 === 0 ? 'rollback' : 'commit');
      }
    });
    let total = 0;
    for (let poll = 0; poll < 3; poll += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { from, to, counts } = await once(witness);
      const seen = counts.find(({ table, operation }) => table === 'w' && operation === 'INSERT')?.changes ?? 0;
      const { rows } = await db.query<{ n: number }>(
        'select count(*)::int as n from w where x >= $1::text::xid8 and x < $2::text::xid8',
        [from, to],
      );
      // The first range begins with the table itself, which the log of changes knows as well.
      expect(seen).toBe(rows[0]?.n);
      total += seen;
    }
    stop.abort();
    await Promise.all(writers);
    expect(total).toBeGreaterThan(0);
  });

  test('truncations count by table, and a new table from its first row', async () => {
    const { db, witness } = await setUp();
    await db.query('insert into t values (1); insert into u values (1)');
    await db.query('begin; truncate t, u; insert into t values (2); commit');
    await db.query(
      'begin; create table fresh (id int); insert into fresh values (1); truncate fresh; insert into fresh values (2); commit',
    );
    await db.query(
      `create table parts (id int) partition by list (id); create table part_1 partition of parts for values in (1)`,
    );
    await db.query('insert into parts values (1); truncate parts');
    expect((await counted(witness, db)).lines).toEqual([
      'fresh INSERT 2',
      'fresh TRUNCATE 1',
      'part_1 INSERT 1',
      'part_1 TRUNCATE 1',
      't INSERT 2',
      't TRUNCATE 1',
      'u INSERT 1',
      'u TRUNCATE 1',
    ]);
  });

  test('says nothing of unlogged tables', async () => {
    const { db, witness } = await setUp();
    await db.query('create unlogged table fast (id int); insert into fast values (1)');
    const report = await counted(witness, db);
    expect(report.uncertain).toMatchObject([{ table: 'fast', reason: expect.stringContaining('UNLOGGED') }]);
    expect(report.lines).toEqual([]);
  });

  test('says which GRANT is missing', async () => {
    const { db, url, slot } = await setUp();
    await db.query(`create role weak_${slot} login password 'weak'`);
    const weak = new URL(url);
    weak.username = `weak_${slot}`;
    weak.password = 'weak';
    const report = await witnessOf(weak.toString(), slot).poll(signal());
    await db.query(`drop role weak_${slot}`);
    expect(report).toMatchObject({
      state: 'unknown',
      fix: `ALTER ROLE "weak_${slot}" REPLICATION`,
    });
  });

  test('after a restart it goes on where it stood, also with transactions that wait for an older one', async () => {
    const { db, url, slot, witness } = await setUp();
    const late = await connect(url);
    await late.query('begin; insert into t values (1)');
    await db.query('insert into u values (1)');
    const before = await once(witness);
    await db.query('insert into u values (2)');
    expect((await once(witness)).lines).toEqual([]);
    const kept = keptPlaceSchema.parse(JSON.parse(JSON.stringify(witness.kept())));
    const next = witnessOf(url, slot);
    next.resume(kept);
    await db.query('insert into u values (3)');
    await late.query('commit');
    const after = await counted(next, db);
    expect(after.from).toBe(before.to);
    expect(after).toMatchObject({ lines: ['t INSERT 1', 'u INSERT 3'], uncertain: [] });
  });

  test('does not go on where another kind stood', async () => {
    const { url, slot, witness } = await setUp();
    const kept = keptPlaceSchema.parse(witness.kept());
    const next = witnessOf(url, slot);
    next.resume({ ...kept, source: 'another' });
    expect(await next.poll(signal())).toEqual(started);
  });

  test('a passing trouble loses nothing', async () => {
    const { db, witness } = await setUp();
    await db.query('insert into t values (1)');
    await expect(witness.poll(AbortSignal.abort())).rejects.toThrow();
    await db.query('insert into t values (2)');
    expect((await counted(witness, db)).lines).toEqual(['t INSERT 2']);
  });

  test('a server that cannot be reached is unknown, and counting begins anew', async () => {
    const { db, url, slot } = await setUp();
    const gone = new URL(url);
    gone.port = '1';
    expect(await witnessOf(gone.toString(), slot).poll(signal())).toMatchObject({ state: 'unknown' });
    await db.query('select 1');
  });

  test('a rewrite is no change', async () => {
    const { db, witness } = await setUp();
    await db.query(`insert into t values (1, 'a'); alter table t alter column id type bigint`);
    expect((await counted(witness, db)).lines).toEqual(['t INSERT 1']);
  });

  test('a slot that the server gave up for want of space', async () => {
    const { db, slot, witness } = await setUp();
    await db.query(`alter system set max_slot_wal_keep_size = '1MB'`);
    await db.query('select pg_reload_conf()');
    onTestFinished(async () => {
      await db.query('alter system reset max_slot_wal_keep_size');
      await db.query('select pg_reload_conf()');
    });
    await db.query('insert into t values (1)');
    const isLost = () =>
      db.query(`select from pg_replication_slots where slot_name = $1 and wal_status = 'lost'`, [slot]);
    for (let tries = 0; (await isLost()).rowCount === 0; tries += 1) {
      if (tries > 20) throw new Error('the server keeps the slot');
      await db.query('select pg_switch_wal()');
      await db.query('insert into u values (1)');
      await db.query('checkpoint');
    }
    const lost = { state: 'unknown', reason: expect.stringContaining('is lost'), fix: expect.stringContaining(slot) };
    expect(await witness.poll(signal())).toMatchObject(lost);
    expect(await witness.poll(signal())).toMatchObject(lost);
    expect(witness.kept()).toBeUndefined();
    await db.query(`select pg_drop_replication_slot('${slot}')`);
    await db.query(`select pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
    expect(await witness.poll(signal())).toEqual(started);
    await db.query('insert into t values (2)');
    expect((await counted(witness, db)).lines).toEqual(['t INSERT 1']);
  });

  test('a slot that was made anew, read by another or dropped', async () => {
    const { db, slot, witness } = await setUp();
    const make = () => db.query(`select pg_create_logical_replication_slot('${slot}', 'test_decoding')`);
    const drop = () => db.query(`select pg_drop_replication_slot('${slot}')`);
    await db.query('insert into t values (1)');
    await drop();
    await make();
    expect(await witness.poll(signal())).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('not where'),
    });
    expect(await witness.poll(signal())).toEqual(started);
    await db.query('insert into t values (2)');
    await db.query(`select count(*) from pg_logical_slot_get_changes('${slot}', null, null)`);
    expect(await witness.poll(signal())).toMatchObject({ state: 'unknown' });
    await drop();
    expect(await witness.poll(signal())).toMatchObject({
      state: 'unknown',
      fix: expect.stringContaining('pg_create_logical_replication_slot'),
    });
    await make();
    expect(await witness.poll(signal())).toEqual(started);
    await db.query('insert into t values (3)');
    expect((await counted(witness, db)).lines).toEqual(['t INSERT 1']);
  });

  test.each(['pg_logical_slot_peek_changes', 'pg_replication_slot_advance'])(
    'a slot that is made anew during a poll, right before %s',
    async (call) => {
      const { db, slot, witness } = await setUp();
      await db.query('insert into t values (1)');
      const query = pg.Client.prototype.query;
      let isReplaced = false;
      const spy = vi.spyOn(pg.Client.prototype, 'query').mockImplementation(async function (
        this: pg.Client,
        ...args: unknown[]
      ) {
        if (!isReplaced && String(args[0]).includes(call)) {
          isReplaced = true;
          await Reflect.apply(query, db, [`select pg_drop_replication_slot('${slot}')`]);
          await Reflect.apply(query, db, ['insert into t values (2)']);
          await Reflect.apply(query, db, [`select pg_create_logical_replication_slot('${slot}', 'test_decoding')`]);
        }
        return await Reflect.apply(query, this, args);
      });
      onTestFinished(() => spy.mockRestore());
      // A busy machine may need more than one poll until there is something to read.
      let report = await witness.poll(signal());
      while (!isReplaced) report = await witness.poll(signal());
      expect(report).toMatchObject({ state: 'unknown', reason: expect.stringContaining('not where') });
      expect(await witness.poll(signal())).toEqual(started);
    },
  );

  test('a slot that fell back in a crash of the server is taken to where it was', async () => {
    const own = await startMajor(major, { wal_level: 'logical', autovacuum: 'off' });
    onTestFinished(() => own.close());
    const before = await connect(own.url);
    before.on('error', () => undefined);
    await before.query('create table t (id int primary key)');
    await before.query(`select pg_create_logical_replication_slot('mine', 'test_decoding')`);
    const witness = witnessOf(own.url, 'mine');
    expect(await witness.poll(signal())).toEqual(started);
    await before.query('checkpoint');
    // The server keeps the place of the first poll after a checkpoint at once, and that of the next until another.
    for (const id of [1, 2]) {
      await before.query('insert into t values ($1)', [id]);
      expect((await counted(witness, before)).lines).toEqual(['t INSERT 1']);
    }
    await own.stop('immediate');
    await own.start();
    const after = await connect(own.url);
    const { rows } = await after.query<{ fell: boolean }>(
      'select confirmed_flush_lsn < $1::pg_lsn as fell from pg_replication_slots',
      [witness.kept()?.readTo],
    );
    expect(rows).toEqual([{ fell: true }]);
    await after.query('insert into t values (3), (4)');
    expect((await counted(witness, after)).lines).toEqual(['t INSERT 2']);
  });

  test('odd names stay whole', async () => {
    const { db, witness } = await setUp();
    await db.query(`create schema "O: dd"; create table "O: dd"."a, ""b"": INSERT: " (id int)`);
    await db.query(`insert into "O: dd"."a, ""b"": INSERT: " values (1); truncate "O: dd"."a, ""b"": INSERT: ", u`);
    const { counts } = await counted(witness, db);
    expect(counts.map(({ schema, table, operation }) => [schema, table, operation]).sort()).toEqual([
      ['O: dd', 'a, "b": INSERT: ', 'INSERT'],
      ['O: dd', 'a, "b": INSERT: ', 'TRUNCATE'],
      ['public', 'u', 'TRUNCATE'],
    ]);
  });
});

test('at wal_level replica nothing is counted, and it says what to set', async () => {
  const [major = 17] = majors;
  const server = await startMajor(major, { wal_level: 'replica' });
  onTestFinished(() => server.close());
  const database = { url: SecretText.literal(server.url), statementTimeoutMs: 20_000, maxConnections: 2 };
  const witness = createWitness({ kind: 'decoding', database, slot: 'none' }, { log });
  onTestFinished(() => witness.close());
  expect(await witness.poll(signal())).toMatchObject({
    state: 'unknown',
    reason: expect.stringContaining('wal_level is replica'),
    fix: expect.stringContaining("wal_level = 'logical'"),
  });
});
