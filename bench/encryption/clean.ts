/**
 * What the scanner reports for a million clean rows of each format, and for one plaintext among them. Takes some
 * minutes.
 *
 * Usage: node dist/bench/encryption/clean.js [rows [table …]]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { startPostgres } from '../../demo/postgres/index.js';
import { scanOnce } from '../../exporters/encryption/scan/scan-once.js';
import { Redactor } from '../../exporters/runtime/redactor.js';
import { looseFolder } from '../../exporters/runtime/state/index.js';
import type { CiphertextScan } from '../../pack/encryption/model.js';
import { SecretText } from '../../pack/index.js';
import { type Figure, report } from '../support/report.js';
import { type CleanTable, cleanTables, fillCleanTable, plantPlaintext } from './clean-tables.js';
import { perSecond } from './rate.js';

const [rowsGiven = '1000000', ...wanted] = process.argv.slice(2);
const ROWS = Number(rowsGiven);

const server = await startPostgres();
const folder = mkdtempSync(join(tmpdir(), 'kop-bench-clean-'));
const client = new pg.Client({ connectionString: server.adminUrl });
try {
  await client.connect();
  await client.query('create extension pgcrypto');
  const run = (sql: string) => client.query(sql);
  const figures: Figure[] = [];
  for (const table of cleanTables) {
    if (wanted.length > 0 && !wanted.includes(table.name)) continue;
    await fillCleanTable(run, table, ROWS);
    const clean = await scanned(table);
    await plantPlaintext(run, table, ROWS);
    const planted = await scanned(table);
    await run(`drop table public.${table.name}`);
    figures.push({
      what: `${table.name}, ${ROWS} rows`,
      ours: `${clean.suspects} suspected, ${clean.reused} nonces reused; ${perSecond((ROWS * 1000) / clean.ms)}`,
      peer: `with 1 plain text: ${planted.plaintexts} found, ${planted.suspects - planted.plaintexts} others`,
      limit: '0, 0; 1, 0',
      holds:
        clean.encrypted === ROWS &&
        clean.suspects + clean.reused === 0 &&
        planted.encrypted === ROWS - 1 &&
        planted.plaintexts === 1 &&
        planted.suspects === 1,
    });
    report(`After ${table.name}`, figures.slice(-1));
  }
  report('A million clean rows of each format, and one plain text among them', figures);
} finally {
  await client.end();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

interface Found {
  readonly encrypted: number;
  readonly suspects: number;
  readonly plaintexts: number;
  /** Rows that share a nonce with another. */
  readonly reused: number;
  readonly ms: number;
}

async function scanned({ name, format, path }: CleanTable): Promise<Found> {
  const scan: CiphertextScan = {
    database: { url: SecretText.literal(server.adminUrl), statementTimeoutMs: 60_000, maxConnections: 2 },
    intervalMs: 3_600_000,
    rowsPerSecond: 10_000_000,
    batchRows: 5000,
    stateDirectory: folder,
    columns: [
      {
        table: `public.${name}`,
        column: 'value',
        primaryKey: 'id',
        format,
        sensitivity: 'restricted',
        ...(path === undefined ? {} : { path }),
      },
    ],
  };
  const startedAt = performance.now();
  const [outcome] = await scanOnce({
    encryption: {
      name: 'bench',
      portal: 'bench',
      title: 'Bench',
      team: 'security',
      slaSeconds: 0.01,
      objective: 'bench',
      probe: { intervalMs: 15_000, timeoutMs: 5000, samples: 1, sizesBytes: [16] },
      providers: [],
      keys: [],
      scan,
      timings: [],
    },
    scan,
    folder: looseFolder(folder),
    columns: scan.columns,
    isRestart: true,
    redactor: new Redactor(),
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onNote: () => undefined,
  });
  if (outcome === undefined || 'problem' in outcome) throw new Error(`${name}: ${outcome?.problem ?? 'no outcome'}`);
  const { states } = outcome.verdict;
  return {
    encrypted: states.encrypted,
    suspects: states.plaintext_suspect + states.malformed + states.unknown_version + states.revoked_version,
    plaintexts: states.plaintext_suspect,
    reused: outcome.whole.reuse.reduce((sum, { rows }) => sum + rows, 0) + outcome.whole.copies,
    ms: performance.now() - startedAt,
  };
}
