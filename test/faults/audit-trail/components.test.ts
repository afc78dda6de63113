/**
 * Faults of the seal and of the witness while ten people work and the observer looks. What each does to a log that lies
 * still, and what a verifier then says of it, is in ../audit-seal and beside the witness.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Evidence } from '../../../exporters/audit-trail/observer/verdict/evidence.js';
import {
  createSealer,
  generateSealKey,
  parseVkey,
  type Sealer,
  verifyAuditLog,
} from '../../../exporters/audit-trail/seal/index.js';
import { createWitness } from '../../../exporters/audit-trail/witness/index.js';
import { silentLogger } from '../../../exporters/runtime/log.js';
import { SecretText } from '../../../pack/index.js';
import { borrowInstalled, type InstalledServer, type Office } from '../../support/audit-trail/installed.js';
import type { Shows } from './cases.js';
import { stated } from './promised.js';
import { proven, type Watched, watchFor } from './trial.js';

const ORIGIN = 'office.example/audit';
/** No shorter, because each checkpoint is a chunk that the verification comes back to. */
const SEAL_MS = 3_000;
const VERIFY_WITHIN_MS = 10_000;
/** The verifier takes a step with each checkpoint; one may be under way. */
const FOUND_WITHIN_MS = VERIFY_WITHIN_MS + 2 * SEAL_MS;
/** For a verifier that somebody runs by hand. */
const COMPARED_WITHIN_MS = 10_000;

const unsealed: Shows = { 'evidence_state seal': 'unknown' };
const unwitnessed: Shows = { 'evidence_state witness': 'degraded' };

let installed: InstalledServer;

beforeAll(async () => {
  installed = await borrowInstalled(17);
});
afterAll(() => installed.close());

/** A sealer at work in a folder that stays, and what the observer is told of it. */
class Desk {
  readonly key = generateSealKey(ORIGIN);
  readonly directory: string;
  sealer: Sealer | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  static async open(): Promise<Desk> {
    const directory = await mkdtemp(join(tmpdir(), 'kop-components-'));
    const desk = new Desk(directory);
    onTestFinished(async () => {
      await desk.sealer?.stop();
      await rm(directory, { recursive: true, force: true });
    });
    return desk;
  }

  get log(): string {
    return join(this.directory, 'log.jsonl');
  }

  begin(office: Office, { pem = this.key.privateKey, directory = this.directory } = {}): Sealer {
    const access = { ...office.trail.database, url: SecretText.literal(office.url) };
    const seal = {
      origin: ORIGIN,
      key: SecretText.literal(pem),
      directory,
      intervalMs: SEAL_MS,
      maxRowsPerChunk: 500,
      verifyWithinMs: VERIFY_WITHIN_MS,
      anchors: [],
    };
    const sealer = createSealer({ ...office.trail, database: access, seal }, { log: silentLogger });
    if (sealer === undefined) throw new Error('no seal');
    sealer.start();
    this.sealer = sealer;
    return sealer;
  }

  evidence(): Evidence {
    const { evidence, reasons } = this.sealer?.status() ?? { evidence: 'unknown' as const, reasons: [] };
    return { state: evidence, reason: reasons.join('; '), fixes: [] };
  }
}

async function sealed(work: (watched: Watched, desk: Desk) => Promise<void>, prepare?: string): Promise<void> {
  const desk = await Desk.open();
  const components = (office: Office) => {
    desk.begin(office);
    return { seal: () => desk.evidence() };
  };
  await proven(installed, { prepare, components }, async (watched) => {
    expect(watched.before['evidence_state seal']).toBe('ok');
    const before = watched.office.writers.committed();
    await work(watched, desk);
    expect(watched.office.writers.refused()).toBe(0);
    expect(watched.office.writers.committed()).toBeGreaterThan(before);
  });
}

describe('while people work', { timeout: 180_000 }, () => {
  test(`31 a chain of hashes made anew after tampering: named by the verification in ${FOUND_WITHIN_MS / 1000} s`, async () => {
    await sealed(async ({ office, watchman }, desk) => {
      const looks = watchman.looks;
      await office.sql(
        `update audit.log set actor = 'x' where id = (select min(id) from audit.log);
         update audit.log set prev_hash = md5(id::text || coalesce(actor, '')) where id <= (select min(id) + 20 from audit.log)`,
      );
      const found = await watchman.until(
        () => (desk.sealer?.status().verification?.failedChunks.length ?? 0) > 0,
        FOUND_WITHIN_MS,
      );
      expect(found, JSON.stringify(desk.sealer?.status())).toBeDefined();
      const [chunk] = desk.sealer?.status().verification?.failedChunks ?? [];
      expect(chunk?.changed.length).toBe(21);
      // Whoever edits records moves the counters as well.
      await watchman.until(() => watchman.looks > looks + 8, 20_000);
      expect(Number(watchman.verdict()['counter_residual records_mutated'])).toBeGreaterThanOrEqual(21);
    }, 'alter table audit.log add column prev_hash text');
  });

  test(`37 two primaries that both seal: either log is sound, and both together show the fork in ${COMPARED_WITHIN_MS / 1000} s`, async () => {
    await sealed(async ({ office, watchman }, desk) => {
      const twin = new Desk(await mkdtemp(join(tmpdir(), 'kop-twin-')));
      onTestFinished(() => rm(twin.directory, { recursive: true, force: true }));
      const grown = (at: Desk, size: number) =>
        watchman.until(() => (at.sealer?.status().checkpoint?.size ?? 0) > size, 20_000);
      await desk.sealer?.stop();
      const before = Number((await readFile(join(desk.directory, 'checkpoint'), 'utf8')).split('\n')[1]);
      await cp(desk.directory, twin.directory, { recursive: true });
      const [there] = await office.sql('select max(id)::text as id, count(*)::int as n from audit.log');
      desk.begin(office);
      // More than was there, and than ten people had open: so some of it was written after they parted.
      expect(await grown(desk, there?.rows[0]?.n + 100), JSON.stringify(desk.sealer?.status())).toBeDefined();
      await desk.sealer?.stop();
      // The other primary never had what this one wrote after they parted.
      await office.sql(`delete from audit.log where id > ${there?.rows[0]?.id}`);
      twin.begin(office, { pem: desk.key.privateKey });
      expect(await grown(twin, before + 5), JSON.stringify(twin.sealer?.status())).toBeDefined();
      await twin.sealer?.stop();
      const keys = [parseVkey(desk.key.vkey)];
      const begunAt = performance.now();
      expect((await verifyAuditLog({ path: desk.log, origin: ORIGIN, keys })).ok).toBe(true);
      expect((await verifyAuditLog({ path: twin.log, origin: ORIGIN, keys })).ok).toBe(true);
      const elsewhere = await readFile(join(desk.directory, 'checkpoint'), 'utf8');
      const { failures } = await verifyAuditLog({ path: twin.log, origin: ORIGIN, keys, others: [elsewhere] });
      expect(failures).toMatchObject([{ kind: expect.stringMatching(/^(fork|size)$/) }]);
      expect(performance.now() - begunAt).toBeLessThan(COMPARED_WITHIN_MS);
    });
  });

  test(`38 the log rolled back under the sealer${stated(unsealed)}`, async () => {
    await sealed(async (watched, desk) => {
      const lines = (await readFile(desk.log, 'utf8')).trimEnd().split('\n');
      await writeFile(desk.log, `${lines.slice(0, -2).join('\n')}\n`);
      await watchFor(watched, { shows: unsealed });
      expect(desk.sealer?.status().state).toBe('refused');
    });
  });

  test(`39 the key swapped for another one${stated(unsealed)}`, async () => {
    await sealed(async (watched, desk) => {
      await desk.sealer?.stop();
      desk.begin(watched.office, { pem: generateSealKey(ORIGIN).privateKey });
      await watchFor(watched, { shows: unsealed });
      expect(desk.sealer?.status()).toMatchObject({ state: 'refused', failures: { signature: 1 } });
    });
  });

  test(`40 the sealer stopped${stated(unsealed)}`, async () => {
    await sealed(async (watched, desk) => {
      await desk.sealer?.stop();
      await watchFor(watched, { shows: unsealed });
      expect(desk.evidence().reason).toContain('stopped');
    });
  });

  test(`41 a replication slot dropped and made anew: a range that stays unknown${stated(unwitnessed)}`, async () => {
    const slot = `witness_${process.pid}`;
    const make = `select pg_create_logical_replication_slot('${slot}', 'test_decoding')`;
    const drop = `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '${slot}' and not active`;
    const components = ({ url, trail }: Office) => ({
      witness: createWitness(
        { kind: 'decoding', slot, database: { ...trail.database, url: SecretText.literal(url) } },
        { log: silentLogger },
      ),
    });
    await proven(installed, { prepare: make, components }, async (watched) => {
      const { office, watchman } = watched;
      try {
        const evidence = () => watchman.observer.state.evidence.get('witness').state;
        expect(await watchman.until(() => evidence() === 'ok', 30_000)).toBeDefined();
        const counting = { ...watched, before: watchman.verdict() };
        for (let gone = false; !gone; ) gone = (await office.sql(drop))[0]?.rowCount === 1;
        await office.sql(make);
        await watchFor(counting, { shows: unwitnessed });
        expect(watchman.observer.state.evidence.get('witness').reason).toContain('never can be');
        expect(office.writers.refused()).toBe(0);
      } finally {
        await watchman.stop();
        await office.sql(drop);
      }
    });
  });
});
