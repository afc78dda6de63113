import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signersFromPem } from '../../../../exporters/audit-trail/seal/index.js';
import { disposeEntries } from '../../../../exporters/runtime/sealing/log/disposal.js';
import { Lab, ORIGIN, SealLog } from './support.js';

let lab: Lab;
let log: SealLog;

beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());

/** Ids 1 to 20 in the old partition, 21 to 220 in the present one; an empty chunk between two full ones. */
beforeEach(async () => {
  await lab.freshTable();
  await lab.write(20, '2020-06-01');
  await lab.write(120);
  log = await SealLog.open(lab);
  await log.seal();
  await log.seal();
  await lab.write(80);
  await log.seal();
});
afterEach(() => log.remove());

interface Case {
  readonly fault: string;
  readonly sql: string;
  readonly changed?: readonly number[];
  readonly missing?: readonly number[];
  readonly added?: number;
  readonly kind?: 'missing' | 'chunk';
}

/** Numbers are those of the fault list. */
const cases: readonly Case[] = [
  { fault: '1 a record deleted from the middle', sql: 'DELETE FROM audit.log WHERE id = 77', missing: [77] },
  { fault: '2 the newest records deleted', sql: 'DELETE FROM audit.log WHERE id > 217', missing: [218, 219, 220] },
  {
    fault: '3 an image edited',
    sql: `UPDATE audit.log SET new_row = new_row || '{"amount": 1}' WHERE id = 80`,
    changed: [80],
  },
  {
    fault: '3 an actor edited',
    sql: `UPDATE audit.log SET actor = 'someone' WHERE id IN (30, 200)`,
    changed: [30, 200],
  },
  { fault: '3 a key edited', sql: `UPDATE audit.log SET pk = '"7"' WHERE id = 31`, changed: [31] },
  {
    fault: '3 a scale of money edited',
    sql: `UPDATE audit.log SET old_row = jsonb_set(old_row, '{amount}', '11.0') WHERE old_row->>'amount' = '11.00' AND id < 50 AND id > 20`,
    changed: [30],
  },
  {
    fault: '4 two ids swapped',
    sql: 'UPDATE audit.log SET id = CASE id WHEN 40 THEN 41 ELSE 40 END WHERE id IN (40, 41)',
    changed: [40, 41],
  },
  {
    fault: '5 a record forged into a sealed range',
    sql: `INSERT INTO audit.log (id, xact_id, op, new_row) SELECT 9000, xact_id, 'UPDATE', '{}' FROM audit.log WHERE id = 60`,
    added: 1,
    kind: 'chunk',
  },
  {
    fault: '5 a record forged into an empty interval',
    sql: `INSERT INTO audit.log (id, xact_id, op) SELECT 9001, (max(xact_id::text::bigint) - 1)::text::xid8, 'UPDATE' FROM audit.log`,
    added: 1,
    kind: 'chunk',
  },
  {
    fault: '9 a partition detached',
    sql: 'ALTER TABLE audit.log DETACH PARTITION audit.log_old',
    missing: Array.from({ length: 20 }, (_, n) => n + 1),
  },
  {
    fault: '29 a sealed time set back',
    sql: `UPDATE audit.log SET ts = ts - interval '326 days' WHERE id = 90`,
    changed: [90],
  },
  {
    fault: '31 a hash chain made anew after tampering',
    sql: `UPDATE audit.log SET actor = 'x' WHERE id = 90; UPDATE audit.log SET prev_hash = md5(id::text || actor)`,
    changed: Array.from({ length: 220 }, (_, n) => n + 1),
  },
];

describe('tampering with sealed records', () => {
  it.each(cases)('$fault is found and named', async ({ sql, changed = [], missing = [], added = 0, kind }) => {
    expect(await log.verifyRows()).toMatchObject({ ok: true, rows: 220, isComplete: true });
    await lab.tamper(sql);
    const { ok, failures } = await log.verifyRows();
    expect(ok).toBe(false);
    const ids = (which: 'changed' | 'missing' | 'added') =>
      failures.flatMap((failure) => failure[which].map(({ id }) => Number(id))).sort((a, b) => a - b);
    expect({ changed: ids('changed'), missing: ids('missing') }).toEqual({ changed, missing });
    expect(ids('added')).toHaveLength(added);
    expect(failures.every((failure) => failure.isLocalised)).toBe(true);
    if (kind !== undefined) expect(failures[0]?.kind).toBe(kind);
    // The log itself is untouched, and says so.
    expect((await log.verifyAuditLog()).ok).toBe(true);
  });

  it('8 a truncated audit table is found in every chunk', async () => {
    await lab.client.query('TRUNCATE audit.log');
    const { failures } = await log.verifyRows();
    expect(failures.reduce((sum, { missing }) => sum + missing.length, 0)).toBe(220);
    expect(failures.every(({ kind }) => kind === 'missing')).toBe(true);
  });

  it('is found by the rolling verification, once, and is over when the records are back', async () => {
    await lab.tamper(
      'CREATE TABLE audit.kept AS SELECT * FROM audit.log WHERE id = 33; DELETE FROM audit.log WHERE id = 33',
    );
    const found = await log.sealer.verifyRolling(3_600_000);
    expect(found.map(({ missing }) => missing.map(({ id }) => id))).toEqual([['33']]);
    expect(await log.sealer.verifyRolling(3_600_000)).toEqual([]);
    const { failures, verification, state } = log.sealer.status();
    expect(failures).toMatchObject({ missing: 1, chunk: 0 });
    expect(verification?.failedChunks).toHaveLength(1);
    expect(verification?.verifiedRatio).toBeLessThan(1);
    expect(state).toBe('sealing');
    await lab.tamper('INSERT INTO audit.log SELECT * FROM audit.kept');
    await log.sealer.verifyRolling(3_600_000);
    expect(log.sealer.status().verification).toMatchObject({ failedChunks: [], verifiedRatio: 1 });
  });

  describe('that was found before a restart', () => {
    beforeEach(async () => {
      await lab.tamper(
        'CREATE TABLE audit.kept AS SELECT * FROM audit.log WHERE id = 133; DELETE FROM audit.log WHERE id = 133',
      );
      await log.sealer.verifyRolling(3_600_000);
      log = await log.again();
      await log.seal();
    });

    it('is said at once, before anything is read again, and looked at first', async () => {
      expect(log.sealer.status()).toMatchObject({ failures: { missing: 1, chunk: 0 } });
      expect(log.sealer.status().verification).toMatchObject({ failedChunks: [{ kind: 'missing', expected: 40 }] });
      // Next to nothing is due after a millisecond, and the sweep is elsewhere.
      expect(await log.sealer.verifyRolling(1)).toEqual([]);
      expect(log.sealer.status().failures.missing).toBe(1);
      expect(log.sealer.status().verification?.failedChunks.flatMap(({ missing }) => missing)).toMatchObject([
        { id: '133' },
      ]);
      log = await log.again();
      await log.seal();
      expect(log.sealer.status().failures.missing).toBe(1);
    });

    it('is over with the first look when the records are back', async () => {
      await lab.tamper('INSERT INTO audit.log SELECT * FROM audit.kept');
      await log.sealer.verifyRolling(1);
      expect(log.sealer.status()).toMatchObject({ failures: { missing: 0 }, verification: { failedChunks: [] } });
      log = await log.again();
      await log.seal();
      expect(log.sealer.status()).toMatchObject({ failures: { missing: 0 }, verification: { failedChunks: [] } });
    });

    it('is over when it was disposed of lawfully', async () => {
      const seq = log.sealer.status().verification?.failedChunks[0]?.seq ?? -1;
      await log.sealer.stop();
      const disposal = { first: seq, last: seq, reason: 'an order', by: 'a court' };
      const signers = signersFromPem(ORIGIN, log.key.privateKey);
      await log.store((store) => disposeEntries(store, disposal, signers, new Date()), false);
      log = await log.again();
      await log.seal();
      expect(log.sealer.status()).toMatchObject({ failures: { missing: 0 }, verification: { failedChunks: [] } });
      await log.sealer.verifyRolling(1);
      expect(log.sealer.status().verification).toMatchObject({ failedChunks: [], verifiedRatio: 1 });
    });

    it('cannot be forgotten by damaging what was kept', async () => {
      await log.sealer.stop();
      const { writeFile } = await import('node:fs/promises');
      await writeFile(`${log.directory}/failed.json`, '[');
      log = await log.again();
      await expect(log.seal()).rejects.toThrow('the list of chunks that failed');
      expect(log.sealer.status()).toMatchObject({ state: 'refused', evidence: 'unknown', failures: { missing: 1 } });
    });
  });

  it('at the very end is found by the next step, wherever the sweep is', async () => {
    await lab.tamper('DELETE FROM audit.log WHERE id = 220');
    const found = await log.sealer.verifyRolling(1);
    expect(found.flatMap(({ missing }) => missing.map(({ id }) => id))).toContain('220');
  });
});

describe('what is no tampering', () => {
  it.each([
    ['47 a column added', 'ALTER TABLE audit.log ADD COLUMN extra int DEFAULT 7'],
    ['8 VACUUM FULL', 'VACUUM FULL audit.log'],
    [
      '46 another time zone for the role',
      `ALTER ROLE postgres SET timezone = 'Asia/Tokyo'; ALTER ROLE postgres SET extra_float_digits = 0; ALTER ROLE postgres SET datestyle = 'German'`,
    ],
    ['47 records frozen', 'VACUUM FREEZE audit.log'],
    ['an update to the same values', 'UPDATE audit.log SET actor = actor'],
  ])('%s: no alarm', async (_name, sql) => {
    for (const statement of sql.split(';')) await lab.client.query(statement);
    await lab.write(5);
    await log.seal();
    expect(await log.verifyRows()).toMatchObject({ ok: true, rows: 225 });
    expect(log.sealer.status()).toMatchObject({ state: 'sealing', evidence: 'ok' });
    await lab.client.query('ALTER ROLE postgres RESET ALL');
  });

  it('a column added later is sealed from then on', async () => {
    await lab.client.query('ALTER TABLE audit.log ADD COLUMN extra int DEFAULT 7');
    await lab.write(5);
    await log.seal();
    await lab.tamper('UPDATE audit.log SET extra = 8');
    const { failures } = await log.verifyRows();
    expect(failures.flatMap(({ changed }) => changed)).toHaveLength(5);
  });

  it('lawful disposal leaves root and count, and the neighbours provable', async () => {
    const before = await log.verifyAuditLog();
    await log.sealer.stop();
    const signers = signersFromPem(ORIGIN, log.key.privateKey);
    const disposal = { first: 0, last: 1, reason: 'retention of 7 years ended', by: 'records manager' };
    const statement = await log.store((store) => disposeEntries(store, disposal, signers, new Date()), false);
    expect(statement).toMatchObject({ kind: 'disposal', count: 100, size: 220 });
    await lab.tamper('DELETE FROM audit.log WHERE id <= 100');
    expect(await log.verifyRows()).toMatchObject({ ok: true, rows: 120, disposedChunks: 2 });
    expect(await log.verifyAuditLog()).toMatchObject({ ok: true, disposedRecords: 100, entries: before.entries + 1 });
    // Sealing goes on from the same tree, with the leaf hashes gone.
    log = await log.again();
    await lab.write(3);
    await log.seal();
    expect(await log.verifyAuditLog()).toMatchObject({ ok: true, records: 223 });
    expect(log.sealer.status().disposedRecords).toBe(100);
    await lab.tamper('DELETE FROM audit.log WHERE id = 101');
    expect((await log.verifyRows()).failures.map(({ missing }) => missing.map(({ id }) => id))).toEqual([['101']]);
  });
});

describe('localisation without leaf hashes', () => {
  it('names the chunk when the leaf file is gone or was altered', async () => {
    const { rm, writeFile, readFile } = await import('node:fs/promises');
    const leafFile = (seq: number) => `${log.directory}/leaves/000000/${String(seq).padStart(12, '0')}.leaves`;
    const altered = await readFile(leafFile(1));
    altered.fill(0, 200, 260);
    await writeFile(leafFile(1), altered);
    await rm(leafFile(0));
    expect((await log.verifyRows()).ok).toBe(true);
    await lab.tamper('UPDATE audit.log SET actor = NULL WHERE id IN (1, 60)');
    const { failures } = await log.verifyRows();
    expect(failures.map(({ seq, isLocalised }) => ({ seq, isLocalised }))).toEqual([
      { seq: 0, isLocalised: false },
      { seq: 1, isLocalised: false },
    ]);
  });
});
