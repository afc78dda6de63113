/**
 * Memory of a process that observes and seals, at growing numbers of records: it must stay flat.
 *
 * Usage: node --expose-gc dist/bench/audit/memory.js [--rows 1000000] [--steps 4]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSealer, generateSealKey } from '../../exporters/audit-trail/seal/index.js';
import { silentLogger } from '../../exporters/runtime/log.js';
import { SecretText } from '../../pack/index.js';
import { report } from '../support/report.js';
import { type Bench, numberOption, observerOf, quietly, startBench } from './support.js';

const ALLOWED_MB = 200;
const SAMPLE_MS = 200;
const ORIGIN = 'bench.example/audit';
const LIVE_ROWS = 20_000;
const most = numberOption('rows', 1_000_000);
const steps = numberOption('steps', 4);

const bench = await startBench({ rows: LIVE_ROWS, settings: { synchronous_commit: 'off', fsync: 'off' } });
const directory = await mkdtemp(join(tmpdir(), 'kop-bench-memory-'));
const observer = observerOf({ ...bench.trail, observe: { ...bench.trail.observe, confirmIntervalMs: 600_000 } });
const sealer = createSealer(
  {
    ...bench.trail,
    database: { ...bench.trail.database, url: SecretText.literal(bench.server.adminUrl) },
    seal: {
      origin: ORIGIN,
      key: SecretText.literal(generateSealKey(ORIGIN).privateKey),
      directory,
      intervalMs: 60_000,
      maxRowsPerChunk: 10_000,
      verifyWithinMs: 86_400_000,
      anchors: [],
    },
  },
  { log: silentLogger },
);
if (sealer === undefined) throw new Error('no seal');
try {
  await quietly();
  const peaks: { records: number; peakMb: number; restMb: number }[] = [];
  for (let step = 1; step <= steps; step += 1) {
    const records = Math.round((most / steps) * step);
    await grow(bench, records);
    const peakMb = await peakDuring(async () => {
      await observer.runExactChecks(AbortSignal.timeout(3_600_000));
      while ((await sealer.sealNow()).hasMore);
      await sealer.verifyRolling(3_600_000);
    });
    globalThis.gc?.();
    peaks.push({ records, peakMb, restMb: process.memoryUsage().rss / 1e6 });
    console.log(`  ${records.toLocaleString('en')} records: ${peakMb.toFixed(0)} MB at most`);
  }
  const first = peaks[0]?.peakMb ?? 0;
  report(
    'Memory while observing and sealing',
    peaks.map(({ records, peakMb, restMb }) => ({
      what: `${records.toLocaleString('en')} records`,
      ours: `${peakMb.toFixed(0)} MB at most, ${restMb.toFixed(0)} MB afterwards`,
      peer: `${first.toFixed(0)} MB (the first step)`,
      limit: `< ${ALLOWED_MB} MB`,
      holds: peakMb < ALLOWED_MB,
    })),
  );
} finally {
  await observer.close();
  await sealer.stop();
  await rm(directory, { recursive: true });
  await bench.close();
}

/** By as many rounds over the rows as it takes; in transactions as large as a nightly job's. */
async function grow({ client }: Bench, records: number): Promise<void> {
  const { rows } = await client.query<{ n: string }>('select count(*) as n from audit.log');
  for (let missing = records - Number(rows[0]?.n); missing > 0; missing -= LIVE_ROWS) {
    await client.query(
      `begin; select set_config('audit.actor', 'ann', true); update accounts set balance = balance + 1 where id <= ${Math.min(missing, LIVE_ROWS)}; commit`,
    );
    await client.query('vacuum accounts');
  }
}

async function peakDuring(work: () => Promise<void>): Promise<number> {
  let peak = process.memoryUsage().rss;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, SAMPLE_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(peak, process.memoryUsage().rss) / 1e6;
}
