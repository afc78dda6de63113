import { appendFileSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { explain } from '../../../../../../exporters/audit-trail/index.js';
import { dispose } from '../../../../../../exporters/audit-trail/inspect/disposing.js';
import { createSealer, DisposalLog, type Sealer } from '../../../../../../exporters/audit-trail/seal/index.js';
import { silentLogger } from '../../../../../../exporters/runtime/log.js';
import { CliLab, type Desk } from '../../../../../support/audit-trail/cli-lab.js';
import { DeskWatch } from '../../../../../support/audit-trail/desk-watch.js';

/** Longer than any part of a sweep: all that is sealed is read again. */
const WEEK_MS = 7 * 86_400_000;

const why = { reason: 'schedule 3.1', by: 'E. Hart' };

// Whole rounds of an observer, and programs in between.
vi.setConfig({ testTimeout: 90_000 });

let lab: CliLab;
let desk: Desk;
let watch: DeskWatch;
let sealer: Sealer;

beforeAll(async () => {
  lab = await CliLab.open();
});
afterAll(() => lab.close());

/**
 * Entry 0: snapshots of 30 clients and 5 notes, updates of clients 1 to 10, and the end of note 5. Entry 1: clients 1 to
 * 5 change, note 4 goes, note 6 comes. Entry 2: clients 1 to 3 change again.
 */
beforeEach(async () => {
  desk = await lab.desk();
  await start();
  await desk.sql(`update clients set balance = balance + 1 where id <= 5; delete from notes where id = 4;
    insert into notes values (6, 'new')`);
  await sealer.sealNow();
  await desk.sql('update clients set balance = balance + 1 where id <= 3');
  await sealer.sealNow();
  await watch.until(() => watch.isProven);
});
afterEach(async () => {
  await watch.close();
  await sealer.stop();
});

/** An exporter: its observer, which takes up what was kept, and its sealer. */
async function start(): Promise<void> {
  watch = new DeskWatch(desk);
  const made = createSealer(desk.trail(), { log: silentLogger });
  if (made === undefined) throw new Error('no seal');
  sealer = made;
  await sealer.sealNow();
}

/** As documented: the exporter is stopped, the statement is made, and the exporter runs again; SQL may come between. */
async function disposeOf(first: number, last: number, beforeStart = ''): Promise<void> {
  await watch.close();
  await sealer.stop();
  const { seal } = desk.trail();
  if (seal === undefined) throw new Error('no seal');
  await dispose(seal, [{ first, last }], why, new Date());
  await desk.sql(beforeStart);
  await start();
}

/** Records of an entry, by the bounds that its statement has. */
function recordsOf(entry: number): string {
  const line = JSON.parse(readFileSync(desk.path('seal', 'log.jsonl'), 'utf8').split('\n')[entry] ?? '');
  const { first, last } = JSON.parse(line.statement.split('\n')[0]);
  return `(xact_id, id) between ('${first.order}', ${first.id}) and ('${last.order}', ${last.id})`;
}

/** From wherever the sweep is to the end of the log, and then from its beginning. */
async function verifyAll() {
  return [...(await sealer.verifyRolling(WEEK_MS)), ...(await sealer.verifyRolling(WEEK_MS))];
}

/** Neither side finds anything, now and after two more rounds of everything. */
async function expectPeace(): Promise<void> {
  await watch.until(() => watch.isProven);
  const since = Date.now();
  await watch.until(() =>
    Object.values(watch.observer.state.memory.tables).every(({ replay }) => (replay.scanned?.startedAt ?? 0) > since),
  );
  expect(watch.states).toEqual({ 'public.clients': 'ok', 'public.notes': 'ok' });
  expect(watch.observer.state.memory.checks.counters.found?.records_mutated).toBe(0);
  expect(watch.observer.state.memory.checks.retention.found).toMatchObject({ disposedEarly: false });
  expect(await verifyAll()).toEqual([]);
  expect(sealer.status()).toMatchObject({ state: 'sealing', evidence: 'ok' });
  await sealer.sealNow();
  const { code, stdout } = await desk.kop('status');
  expect(stdout).not.toContain('Wrong with the records');
  expect(code).toBe(0);
}

async function findings(table: string) {
  const options = {
    stateDirectory: desk.path('state', 'audit-trail'),
    signal: AbortSignal.timeout(20_000),
    showKeys: true,
  };
  return (await explain(desk.trail(), table, options)).findings.map(({ kind, key }) => `${kind} ${key}`);
}

describe('a lawful disposal, with observer and sealer at work', () => {
  test('alarms nobody: of the beginning, before and after its rows are deleted, and when people work on', async () => {
    await disposeOf(0, 0);
    await expectPeace();
    await desk.sql(`delete from audit.log where ${recordsOf(0)}`);
    await expectPeace();
    await desk.sql(
      'update clients set balance = balance + 1 where id between 8 and 12; delete from clients where id = 7',
    );
    await expectPeace();
    expect(await findings('public.clients')).toEqual([]);
    // Clients 4 to 30 but for those that changed since, and notes 1 to 3: what made them what they are is gone.
    expect(watch.observer.state.memory.tables['public.notes']?.replay.scanned?.unbaselined).toBe(3);
  });

  test('alarms nobody when the rows were deleted before the exporter ran again', async () => {
    await disposeOf(0, 0, `delete from audit.log where ${recordsOf(0)}`);
    await expectPeace();
  });

  test('alarms nobody: of the middle, with changes, an end and a beginning in it', async () => {
    await disposeOf(1, 1);
    await desk.sql(`delete from audit.log where ${recordsOf(1)}`);
    await expectPeace();
    await desk.sql('update clients set balance = balance + 1 where id <= 8; delete from notes where id = 6');
    await expectPeace();
    expect(await findings('public.clients')).toEqual([]);
    expect(await findings('public.notes')).toEqual([]);
  });

  test('alarms nobody after the statistics began anew, with half of the rows deleted', async () => {
    await disposeOf(0, 0);
    await desk.sql(`delete from audit.log where ${recordsOf(0)} and id % 2 = 0`);
    await desk.sql('select pg_stat_reset()');
    await watch.until(() => watch.isProven);
    await desk.sql(`delete from audit.log where ${recordsOf(0)}`);
    await expectPeace();
  });

  test('excuses no record beside it, and no change since', async () => {
    await disposeOf(0, 0);
    await desk.sql(`delete from audit.log where ${recordsOf(0)}`);
    await expectPeace();
    await desk.sql(`delete from audit.log where ${recordsOf(1)} and op = 'INSERT';
      alter table clients disable trigger kop_audit_row; update clients set balance = -1 where id = 20;
      alter table clients enable always trigger kop_audit_row`);
    await watch.until(() => Object.values(watch.states).every((state) => state === 'confirmed'));
    expect(watch.observer.state.memory.checks.counters.found?.records_mutated).toBe(1);
    expect(await findings('public.notes')).toEqual(['missing {"id": 6}']);
    expect(await findings('public.clients')).toEqual(['missing {"id": 20}']);
    expect((await verifyAll()).map(({ seq }) => seq)).toEqual([1]);
  });

  test('is told from a deletion without a statement', async () => {
    await desk.sql(`delete from audit.log where ${recordsOf(0)}`);
    await watch.until(() => Object.values(watch.states).every((state) => state === 'confirmed'));
    expect(watch.observer.state.memory.checks.counters.found?.records_mutated).toBe(46);
    expect(watch.observer.state.memory.checks.retention.found).toMatchObject({ disposedEarly: true });
  });
});

describe('where records are ordered by time', () => {
  test('a lawful disposal alarms nobody, and a record beside it is missed', async () => {
    await watch.close();
    await sealer.stop();
    desk = await lab.desk(`records:
      preset: custom
      table: audit.log
      columns: { id: id, at: ts, operation: op, schema: table_schema, table: table_name, rowKey: pk, oldRow: old_row, newRow: new_row }
      operations: { INSERT: INSERT, UPDATE: UPDATE, DELETE: DELETE, TRUNCATE: TRUNCATE, SNAPSHOT: SNAPSHOT }
      writtenBy: trigger
      triggerFunctions: [audit.record, audit.record_truncate]`);
    await start();
    const sealedUpTo = (size: number) =>
      expect
        .poll(() => sealer.sealNow().then(() => sealer.status().checkpoint?.size), { timeout: 30_000, interval: 500 })
        .toBe(size);
    await sealedUpTo(46);
    const last = sealer.status().checkpoint?.seq ?? 0;
    await desk.sql('update clients set balance = balance + 1 where id <= 3');
    await sealedUpTo(49);
    await watch.until(() => watch.isProven);
    await disposeOf(0, last);
    const { seal } = desk.trail();
    const [disposal] = seal === undefined ? [] : await new DisposalLog(seal).disposals();
    expect(disposal).toMatchObject({ certainty: 'overlap', records: 46 });
    await desk.sql('delete from audit.log where id <= 46');
    await watch.until(() => watch.isProven);
    await desk.sql('update clients set balance = balance + 1 where id between 8 and 12');
    await watch.until(() => watch.isProven);
    expect(watch.observer.state.memory.checks.counters.found?.records_mutated).toBe(0);
    expect(watch.observer.state.memory.checks.retention.found).toMatchObject({ disposedEarly: false });
    await desk.sql('delete from audit.log where id = 47');
    await watch.until(() => watch.states['public.clients'] === 'confirmed');
    expect(watch.observer.state.memory.checks.counters.found?.records_mutated).toBe(1);
  });
});

describe('a disposal that is stated afterwards', () => {
  test('ends what retention and verification say; the tables need a baseline, and then all is well', async () => {
    await desk.sql(`delete from audit.log where ${recordsOf(0)}`);
    await watch.until(() => Object.values(watch.states).every((state) => state === 'confirmed'));
    expect(await verifyAll()).toHaveLength(1);
    await disposeOf(0, 0);
    await watch.until(() => watch.observer.state.memory.checks.retention.found?.disposedEarly === false);
    expect(sealer.status().failures).toMatchObject({ chunk: 0, missing: 0 });
    await watch.until(() => !watch.observer.hasSuspicion);
    expect(Object.values(watch.states)).toEqual(['confirmed', 'confirmed']);
    const by = ['--by', 'E. Hart', '--reason', 'disposed of by schedule 3.1, stated late'];
    expect((await desk.kop('baseline', ...by)).code).toBe(0);
    await expectPeace();
  });
});

describe('the log of disposals', () => {
  test('is read once more only for a new statement, and one that nobody signed excuses nothing', async () => {
    const { seal } = desk.trail();
    if (seal === undefined) throw new Error('no seal');
    const log = new DisposalLog(seal);
    const none = await log.disposals();
    await sealer.sealNow();
    expect(await log.disposals()).toBe(none);
    await disposeOf(0, 0);
    const found = await log.disposals();
    expect(found).toMatchObject([{ records: 46, reason: 'schedule 3.1', by: 'E. Hart', from: undefined }]);
    expect(await log.disposals()).toBe(found);
    const path = desk.path('seal', 'log.jsonl');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const forged = lines.find((line) => line.includes('schedule 3.1'))?.replace('schedule 3.1', 'schedule 3.2') ?? '';
    appendFileSync(path, `${forged}\n`);
    await expect(log.disposals()).rejects.toThrow();
  });
});
