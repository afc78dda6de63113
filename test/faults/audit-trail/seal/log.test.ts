import { spawnSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startPostgres } from '../../../../demo/postgres/index.js';
import { acceptEpoch } from '../../../../exporters/audit-trail/seal/epoch.js';
import {
  generateSealKey,
  parseVkey,
  readTrusted,
  signersFromPem,
  verifyAuditLog,
} from '../../../../exporters/audit-trail/seal/index.js';
import { Disk } from '../../../../exporters/runtime/sealing/log/disk.js';
import { forever, Lab, ORIGIN, SealLog } from './support.js';

let lab: Lab;
let log: SealLog;

beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());
beforeEach(async () => {
  await lab.freshTable();
  await lab.write(60);
  log = await SealLog.open(lab);
  await log.seal();
  await log.seal();
});
afterEach(() => log.remove());

const refused = (kind: string) => ({ state: 'refused', evidence: 'unknown', failures: { [kind]: 1 } });

describe('38 the log rolled back, cut or rewritten', () => {
  const lines = async () => (await readFile(log.logPath, 'utf8')).trimEnd().split('\n');
  const write = (kept: readonly string[]) => writeFile(log.logPath, `${kept.join('\n')}\n`);

  it.each([
    ['cut at its end', (kept: string[]) => kept.slice(0, -1), 'size', 'size'],
    ['with a line left out', (kept: string[]) => kept.toSpliced(1, 1), 'missing', 'missing'],
    [
      'with two lines exchanged',
      (kept: string[]) => [kept[1] ?? '', kept[0] ?? '', ...kept.slice(2)],
      'missing',
      'missing',
    ],
    ['with a doubled line', (kept: string[]) => [kept[0] ?? '', ...kept], 'missing', 'missing'],
    [
      'with a digit changed',
      (kept: string[]) => kept.with(0, (kept[0] ?? '').replace('"count\\":50', '"count\\":51')),
      'size',
      'size',
    ],
    [
      'with a proof removed',
      (kept: string[]) => kept.with(1, (kept[1] ?? '').replace(/"consistency":\[.*\]/, '"consistency":[]')),
      'fork',
      'consistency',
    ],
    ['emptied', () => [], 'size', 'size'],
  ] as const)('%s is refused, and nothing is overwritten', async (_name, change, sealing, verifying) => {
    const before = await lines();
    const trusted = await readTrusted(new Disk(), join(log.directory, 'trusted.json'));
    log = await log.again();
    const changed = change(before).filter(Boolean);
    await (changed.length === 0 ? writeFile(log.logPath, '') : write(changed));
    await expect(log.seal()).rejects.toThrow();
    expect(log.sealer.status()).toMatchObject(refused(sealing));
    expect(await lines()).toEqual(changed.length === 0 ? [''] : changed);
    expect(await readTrusted(new Disk(), join(log.directory, 'trusted.json'))).toEqual(trusted);
    const keys = [parseVkey(log.key.vkey)];
    const result = await verifyAuditLog({
      path: log.logPath,
      origin: ORIGIN,
      keys,
      ...(trusted === undefined ? {} : { trusted }),
    });
    expect(result.failures.map(({ kind }) => kind)).toEqual([verifying]);
    // What was trusted before is trusted still.
    expect(result.trusted).toEqual(trusted);
    // Once the log is restored, sealing goes on by itself.
    await write(before);
    await log.seal();
    expect(log.sealer.status()).toMatchObject({ state: 'sealing', evidence: 'ok' });
  });

  it('changed under a running sealer is refused', async () => {
    await appendFile(log.logPath, '{}\n');
    await expect(log.seal()).rejects.toThrow('changed by someone else');
    expect(log.sealer.status()).toMatchObject(refused('fork'));
  });

  it('rolled back together with its trusted state is told by a checkpoint kept elsewhere', async () => {
    const old = await mkdtemp(join(tmpdir(), 'kop-old-'));
    await cp(log.logPath, join(old, 'log.jsonl'));
    await lab.write(10);
    await log.seal();
    const elsewhere = await readFile(join(log.directory, 'checkpoint'), 'utf8');
    const options = { path: join(old, 'log.jsonl'), origin: ORIGIN, keys: [parseVkey(log.key.vkey)] };
    expect((await verifyAuditLog(options)).ok).toBe(true);
    const { failures } = await verifyAuditLog({ ...options, others: [elsewhere] });
    expect(failures).toMatchObject([{ kind: 'size', message: expect.stringContaining('70 records exists elsewhere') }]);
    const forged = elsewhere.replace('\n70\n', '\n71\n');
    expect((await verifyAuditLog({ ...options, others: [forged] })).failures).toMatchObject([{ kind: 'anchor' }]);
    await rm(old, { recursive: true });
  });
});

describe('37 two primaries', () => {
  it('each seal their own rows: either log is sound, and both together are a fork', async () => {
    const other = await mkdtemp(join(tmpdir(), 'kop-brain-'));
    await log.sealer.stop();
    await cp(log.directory, other, { recursive: true });
    await lab.write(5);
    log = await log.again();
    await log.seal();
    await log.sealer.stop();
    await lab.tamper('DELETE FROM audit.log WHERE id > 60');
    await lab.write(5);
    const twin = await SealLog.open(lab, { directory: other, key: log.key });
    await twin.seal();
    const mine = await log.verifyAuditLog();
    const theirs = await twin.verifyAuditLog();
    expect([mine.ok, theirs.ok, mine.records, theirs.records]).toEqual([true, true, 65, 65]);
    const options = { path: twin.logPath, origin: ORIGIN, keys: [parseVkey(log.key.vkey)] };
    const checkpoint = await readFile(join(log.directory, 'checkpoint'), 'utf8');
    expect((await verifyAuditLog({ ...options, others: [checkpoint] })).failures).toMatchObject([{ kind: 'fork' }]);
    if (mine.trusted === undefined) throw new Error('nothing is trusted');
    expect((await verifyAuditLog({ ...options, trusted: mine.trusted })).failures).toMatchObject([{ kind: 'fork' }]);
    await twin.remove();
  });
});

describe('39 the key', () => {
  it('swapped for another one is refused by sealer and verifier', async () => {
    const stranger = generateSealKey(ORIGIN);
    log = await log.again({ pem: stranger.privateKey });
    await expect(log.seal()).rejects.toThrow('is not one that this log trusts');
    expect(log.sealer.status()).toMatchObject(refused('signature'));
    const options = { path: log.logPath, origin: ORIGIN, keys: [parseVkey(stranger.vkey)] };
    expect((await verifyAuditLog(options)).failures).toMatchObject([{ kind: 'signature' }]);
  });

  it('rotated with an overlap verifies throughout, from the old key alone', async () => {
    const next = generateSealKey(ORIGIN);
    log = await log.again({ pem: `${next.privateKey}\n${log.key.privateKey}` });
    await lab.write(5);
    await log.seal();
    const overlap = await readFile(join(log.directory, 'checkpoint'), 'utf8');
    expect(overlap.match(/^— /gm)).toHaveLength(2);
    log = await log.again({ pem: next.privateKey });
    await lab.write(5);
    await log.seal();
    expect(await log.verifyAuditLog()).toMatchObject({ ok: true, records: 70, keys: { length: 2 } });
    // The old one is over: it can vouch for nothing any more.
    log = await log.again();
    await expect(log.seal()).rejects.toThrow('is not one that this log trusts');
  });
});

describe('40 the sealer stopped', () => {
  it('shows by the age of its checkpoint, and is unknown at once', async () => {
    await log.sealer.stop();
    expect(log.sealer.status()).toMatchObject({ state: 'stopped', evidence: 'unknown' });
  });

  it('seals empty intervals too, so that silence is told from a quiet night', async () => {
    log = await log.again({ intervalMs: 100 });
    const before = (await log.verifyAuditLog()).entries;
    log.sealer.start();
    await expect
      .poll(async () => (await log.verifyAuditLog()).entries, { timeout: 10_000 })
      .toBeGreaterThan(before + 3);
    expect(await log.verifyAuditLog()).toMatchObject({ ok: true, records: 60 });
    expect(log.sealer.status()).toMatchObject({ state: 'sealing', evidence: 'ok', sealLagSeconds: 0 });
  });

  it('is unknown when no pass ends in time, whatever was sealed before', async () => {
    let now = new Date();
    log = await log.again({ intervalMs: 1_000, deps: { now: () => now } });
    await log.seal();
    expect(log.sealer.status().evidence).toBe('ok');
    now = new Date(now.getTime() + 60_000);
    expect(log.sealer.status()).toMatchObject({
      evidence: 'unknown',
      reasons: [expect.stringContaining('no pass ended in time')],
    });
  });
});

describe('36 the database restored', () => {
  /** On a server of its own: what it does to it cannot be undone. */
  it('to an older state or to another timeline is refused until a signed epoch accepts it', {
    timeout: 60_000,
  }, async () => {
    const server = await startPostgres();
    const own = await Lab.on(server);
    const kept = `${server.dataDir}-kept`;
    try {
      await own.freshTable();
      await own.write(40);
      const restored = await SealLog.open(own);
      await restored.seal();
      await server.stop();
      expect(spawnSync('cp', ['-a', server.dataDir, kept]).status).toBe(0);
      await server.start();
      const writer = new pg.Client({ connectionString: server.adminUrl });
      await writer.connect();
      for (let n = 0; n < 10; n += 1)
        await writer.query(`INSERT INTO audit.log (op, table_schema, table_name) VALUES ('INSERT', 'public', 't')`);
      await writer.end();
      await expect
        .poll(() =>
          restored.seal().then(
            () => 'sealed',
            () => 'not yet',
          ),
        )
        .toBe('sealed');
      await server.stop();

      // The same timeline, but in the past.
      await rm(server.dataDir, { recursive: true });
      expect(spawnSync('cp', ['-a', kept, server.dataDir]).status).toBe(0);
      await server.start();
      await expect
        .poll(() => restored.seal().catch((error: Error) => error.message), { timeout: 10_000 })
        .toContain('transaction counter went back');
      expect(restored.sealer.status()).toMatchObject({ state: 'refused', evidence: 'unknown', failures: { fork: 1 } });
      await server.stop();

      // Recovery that ends with a promotion begins a new timeline.
      await writeFile(join(server.dataDir, 'recovery.signal'), '');
      await appendFile(join(server.dataDir, 'postgresql.auto.conf'), "restore_command = 'false'\n");
      await server.start();
      await expect
        .poll(() => restored.seal().catch((error: Error) => error.message), { timeout: 10_000 })
        .toContain('timeline');
      expect((await restored.verifyAuditLog()).ok).toBe(true);

      const signers = signersFromPem(ORIGIN, restored.key.privateKey);
      const accepted = { reason: 'restore test of May', by: 'operations', signers, now: new Date() };
      await restored.store((store) => own.session((session) => acceptEpoch(store, session, accepted, forever)), false);
      await restored.seal();
      expect(restored.sealer.status()).toMatchObject({ state: 'sealing', checkpoint: { size: 50 } });
      expect((await restored.verifyAuditLog()).ok).toBe(true);
      // What the restore lost is not forgiven by that.
      const { failures } = await restored.verifyRows();
      expect(failures.reduce((sum, { missing }) => sum + missing.length, 0)).toBe(10);
      await restored.remove();
    } finally {
      await own.close();
      await rm(kept, { recursive: true, force: true });
    }
  });
});
