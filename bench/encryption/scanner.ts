import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { startPostgres } from '../../demo/postgres/index.js';
import { resolveColumn } from '../../exporters/encryption/scan/column.js';
import type { ScanQuery } from '../../exporters/encryption/scan/database.js';
import { readerFor } from '../../exporters/encryption/scan/reader.js';
import type { ScannedColumn } from '../../pack/encryption/model.js';
import type { Figure } from '../support/report.js';
import { median } from '../support/stats.js';
import { type CleanTable, cleanTables, fillCleanTable } from './clean-tables.js';
import { perSecond } from './rate.js';

const ROWS = 100_000;
const BATCH_ROWS = 5000;
const ROUNDS = 5;
/**
 * Reading is what any scanner must do at least; judging costs more than reading, but not without bounds. A row costs about
 * 7 µs, one of them for the question whether a short value is text.
 */
const ALLOWED_SHARE = { document: 0.2, text: 0.035, bytes: 0.15 };

const limits: Readonly<Record<string, number>> = {
  kingston: ALLOWED_SHARE.document,
  transit: ALLOWED_SHARE.text,
  ciphersweet: ALLOWED_SHARE.text,
  pgp: ALLOWED_SHARE.bytes,
};

export async function scanner(): Promise<readonly Figure[]> {
  const server = await startPostgres();
  const client = new pg.Client({ connectionString: server.adminUrl });
  try {
    await client.connect();
    await client.query('create extension pgcrypto');
    const tables = cleanTables.filter(({ name }) => name in limits);
    for (const table of tables) await fillCleanTable((sql) => client.query(sql), table, ROWS);
    await client.query(`set search_path = pg_catalog; set jit = off; set max_parallel_workers_per_gather = 0`);
    const query: ScanQuery = async <R extends Record<string, unknown>>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<R>(sql, [...values])).rows;
    const figures: Figure[] = [];
    for (const table of tables) figures.push(await compared(query, table));
    return figures;
  } finally {
    await client.end();
    await server.close();
  }
}

async function compared(query: ScanQuery, { name, format }: CleanTable): Promise<Figure> {
  const column: ScannedColumn = {
    table: `public.${name}`,
    column: 'value',
    primaryKey: 'id',
    format,
    sensitivity: 'restricted',
  };
  const reader = readerFor(await resolveColumn(query, column), '42');
  const rates = { ours: [] as number[], peer: [] as number[], share: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const ours = await rowsPerSecond(async () => {
      let after: string | undefined;
      for (;;) {
        const batch = await reader.next(query, after, BATCH_ROWS);
        if (batch === undefined) return;
        after = batch.last;
      }
    });
    const peer = await rowsPerSecond(() => query(`select sum(length(value::text)) from public.${name}`));
    rates.ours.push(ours);
    rates.peer.push(peer);
    rates.share.push(ours / peer);
  }
  const share = median(rates.share);
  const allowedShare = limits[name] ?? 0;
  return {
    what: `${name}, ${ROWS} rows, median of ${ROUNDS}`,
    ours: perSecond(median(rates.ours)),
    peer: `${perSecond(median(rates.peer))} sequential scan as text`,
    limit: `>= ${allowedShare} of it; is ${share.toFixed(2)}`,
    holds: share >= allowedShare,
  };
}

async function rowsPerSecond(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (ROWS * 1000) / (performance.now() - startedAt);
}
