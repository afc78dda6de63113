/** A trail that is restored into a cluster whose transaction counter is lower than the ids in its records. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../../demo/postgres/index.js';
import { verify } from '../../../../exporters/audit-trail/inspect/verification.js';
import { DisposalLog } from '../../../../exporters/audit-trail/seal/disposal-log.js';
import { acceptEpoch } from '../../../../exporters/audit-trail/seal/epoch.js';
import { disposeEntries, parseVkey, signersFromPem } from '../../../../exporters/audit-trail/seal/index.js';
import { proveRecord, verifyProof } from '../../../../exporters/audit-trail/seal/prove.js';
import { SecretText } from '../../../../pack/index.js';
import { forever, Lab, ORIGIN, SealLog } from './support.js';

let old: Lab;
let fresh: PostgresServer;
let isolated: Lab | undefined;
let log: SealLog | undefined;

beforeAll(async () => {
  old = await Lab.open();
  // A cluster that has done much: its transaction ids mean nothing in a new one.
  await old.client.query(`do $$ begin for i in 1..3000 loop perform pg_current_xact_id(); commit; end loop; end $$`);
  fresh = await startPostgres();
}, 60_000);
afterEach(async () => {
  await log?.remove();
  await isolated?.close();
});
afterAll(async () => {
  await old?.close();
  await fresh?.close();
});

/** Each row in a transaction of its own, as a portal writes. */
async function write(lab: Lab, rows: number): Promise<void> {
  for (let n = 0; n < rows; n += 1) await lab.write(1);
}

/** Dump and restore, into a database of the same name. */
async function restoreInto(server: PostgresServer, where = ''): Promise<Lab> {
  const name = new URL(old.server.adminUrl).pathname.slice(1);
  const admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
  await admin.query(`drop database if exists "${name}" with (force)`);
  await admin.query(`create database "${name}"`);
  await admin.end();
  const url = new URL(server.adminUrl);
  url.pathname = `/${name}`;
  const lab = await Lab.on({ adminUrl: url.href, close: () => Promise.resolve() });
  await lab.freshTable();
  const { rows } = await old.client.query(`select jsonb_agg(l order by id)::text as dump from audit.log l ${where}`);
  await lab.client.query(`insert into audit.log select * from jsonb_populate_recordset(null::audit.log, $1::jsonb)`, [
    rows[0]?.dump ?? '[]',
  ]);
  await lab.client.query(`select setval('audit.log_id_seq', (select coalesce(max(id), 1) from audit.log))`);
  return lab;
}

async function accepted(on: SealLog, lab: Lab): Promise<void> {
  const signers = signersFromPem(ORIGIN, on.key.privateKey);
  const why = { reason: 'a new cluster', by: 'operations', signers, now: new Date() };
  await on.store((store) => lab.session((session) => acceptEpoch(store, session, why, forever)), false);
}

const trailOf = (on: SealLog, lab: Lab) => ({
  origin: ORIGIN,
  logPath: on.logPath,
  keys: [parseVkey(on.key.vkey)],
  checkpoints: [],
  isFull: true,
  isRestart: false,
  signal: forever,
  trail: {
    access: lab.access,
    seal: {
      origin: ORIGIN,
      key: SecretText.literal(on.key.privateKey),
      directory: on.directory,
      intervalMs: 1000,
      maxRowsPerChunk: 50,
      verifyWithinMs: 1000,
      anchors: [],
    },
  },
});

const failed = (found: Awaited<ReturnType<SealLog['verifyRows']>>) => ({
  changed: found.failures.flatMap(({ changed }) => changed).length,
  missing: found.failures.flatMap(({ missing }) => missing).length,
  added: found.failures.flatMap(({ added }) => added).length,
});
const clean = { changed: 0, missing: 0, added: 0 };

it('is verified, then accepted; what it brought and what is written since is sealed, and all of it verifies', async () => {
  await old.freshTable();
  await write(old, 60);
  const before = await SealLog.open(old);
  await before.seal();
  // Not sealed when the dump is taken.
  await write(old, 7);
  isolated = await restoreInto(fresh);
  await before.sealer.stop();
  log = await SealLog.open(isolated, { directory: before.directory, key: before.key });
  // Before anybody accepts it.
  await write(isolated, 5);
  await expect(log.seal()).rejects.toThrow('the log is of the cluster');
  await log.sealer.stop();
  const foreseen = await verify(trailOf(log, isolated));
  expect(foreseen).toMatchObject({
    verdict: 'failed',
    reasons: [expect.stringContaining('the log is of the cluster')],
    rows: { rows: 60, failures: [], isComplete: true },
  });

  await accepted(log, isolated);
  await write(isolated, 140);
  log = await log.again();
  await log.seal();
  expect(log.sealer.status()).toMatchObject({
    state: 'sealing',
    evidence: 'ok',
    sealLagSeconds: 0,
    checkpoint: { size: 60 + 7 + 5 + 140 },
  });
  expect(failed(await log.verifyRows())).toEqual(clean);
  expect((await log.verifyAuditLog()).ok).toBe(true);
  await log.sealer.verifyRolling(3_600_000);
  expect(log.sealer.status()).toMatchObject({ evidence: 'ok', verification: { verifiedRatio: 1 } });

  // It goes on, also after a restart, and each record can be proven.
  await write(isolated, 3);
  log = await log.again();
  await log.seal();
  expect(log.sealer.status().checkpoint?.size).toBe(60 + 7 + 5 + 140 + 3);
  for (const id of ['3', '65', '70', '214']) {
    const document = await log.store((store) =>
      (isolated ?? old).session((session) => proveRecord({ store, session, signal: forever, id, withText: true })),
    );
    expect(verifyProof(document, [parseVkey(log.key.vkey)])).toMatchObject({ ok: true, record: { id } });
  }

  // Whoever tampers with either part is found.
  await isolated.tamper(`update audit.log set actor = 'x' where id in (3, 65, 70, 214)`);
  await isolated.tamper('delete from audit.log where id in (4, 66, 71, 215)');
  await isolated.tamper(
    `insert into audit.log (id, xact_id, op) values (9001, '5', 'UPDATE'), (2000, '3500', 'UPDATE')`,
  );
  await isolated.tamper(`update audit.log set id = -1, xact_id = '3600' where id = 5`);
  expect(failed(await log.verifyRows())).toEqual({ changed: 4, missing: 5, added: 2 });
});

it('is told apart although the restore lost records, and their ids are given out again', async () => {
  await old.freshTable();
  await write(old, 30);
  const before = await SealLog.open(old);
  await before.seal();
  isolated = await restoreInto(fresh, 'where id <= 20');
  await before.sealer.stop();
  log = await SealLog.open(isolated, { directory: before.directory, key: before.key });
  await accepted(log, isolated);
  await write(isolated, 15);
  await log.seal();
  expect(log.sealer.status().checkpoint?.size).toBe(45);
  expect(failed(await log.verifyRows())).toEqual({ ...clean, missing: 10 });
  expect((await log.verifyAuditLog()).ok).toBe(true);

  // Once more, from an older backup.
  await isolated.client.query('delete from audit.log where id > 12');
  await isolated.client.query(`select setval('audit.log_id_seq', 12)`);
  await log.sealer.stop();
  await accepted(log, isolated);
  await write(isolated, 4);
  log = await log.again();
  await log.seal();
  expect(log.sealer.status().checkpoint?.size).toBe(49);
  expect(failed(await log.verifyRows())).toEqual({ ...clean, missing: 18 + 15 });
  expect((await log.verifyAuditLog()).ok).toBe(true);
});

it('is sealed from its first record by a log that begins there', async () => {
  await old.freshTable();
  await write(old, 120);
  isolated = await restoreInto(fresh);
  log = await SealLog.open(isolated);
  await log.seal();
  expect(log.sealer.status()).toMatchObject({ evidence: 'ok', sealLagSeconds: 0, checkpoint: { size: 120 } });
  await write(isolated, 9);
  await log.seal();
  log = await log.again();
  await write(isolated, 1);
  await log.seal();
  expect(log.sealer.status()).toMatchObject({ sealLagSeconds: 0, checkpoint: { size: 130 } });
  expect(failed(await log.verifyRows())).toEqual(clean);
  expect((await log.verifyAuditLog()).ok).toBe(true);
});

it('of which records are disposed: places of each range are stated alone', async () => {
  await old.freshTable();
  await write(old, 20);
  isolated = await restoreInto(fresh);
  log = await SealLog.open(isolated);
  await log.seal();
  await write(isolated, 6);
  await log.seal();
  await log.sealer.stop();
  const signers = signersFromPem(ORIGIN, log.key.privateKey);
  await log.store(async (store) => {
    const last = store.index.length - 1;
    await disposeEntries(store, { first: 0, last, reason: 'retention', by: 'E. Hart' }, signers, new Date());
  }, false);
  const disposals = await new DisposalLog({ directory: log.directory, origin: ORIGIN }).disposals();
  expect(disposals).toMatchObject([
    { records: 20, ids: { upTo: '20' } },
    { records: 6, ids: { after: '20' } },
  ]);
});
