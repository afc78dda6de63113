import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { startPostgres } from '../../demo/postgres/index.js';
import { resolveColumn } from '../../exporters/encryption/scan/column.js';
import type { Query } from '../../exporters/encryption/scan/database.js';
import { readerFor } from '../../exporters/encryption/scan/reader.js';
import type { CiphertextFormat, ScannedColumn } from '../../pack/index.js';
import type { Figure } from '../support/report.js';
import { median } from '../support/stats.js';
import { perSecond } from './rate.js';

const ROWS = 100_000;
const BATCH_ROWS = 5000;
const ROUNDS = 5;
/** Reading is what any scanner must do at least; judging costs more than reading, but not without bounds. */
const ALLOWED_SHARE = { document: 0.25, text: 0.05, bytes: 0.15 };

interface Filled {
  readonly name: string;
  readonly format: CiphertextFormat;
  readonly type: 'jsonb' | 'text' | 'bytea';
  /** SQL over `g`, random where a cipher's output is. */
  readonly value: string;
  readonly allowedShare: number;
}

const random = (bytes: string) => `gen_random_bytes(${bytes})`;
const base64 = (bytes: string) => `translate(encode(${bytes}, 'base64'), E'\\n', '')`;
/** Lengths as of names, numbers and dates. */
const length = '(5 + g % 30)';

const tables: readonly Filled[] = [
  {
    name: 'kingston',
    format: { kind: 'kingston-jsonb' },
    type: 'jsonb',
    value: `jsonb_build_object('algorithm', 'AES-256-GCM', 'ciphertext', ${base64(random(`16 + ${length}`))},
      'nonce', encode(${random('12')}, 'base64'), 'encrypted_at', now(), 'key_version', 'v' || 1 + g % 3)`,
    allowedShare: ALLOWED_SHARE.document,
  },
  {
    name: 'transit',
    format: { kind: 'transit' },
    type: 'text',
    value: `'vault:v' || 1 + g % 3 || ':' || ${base64(random(`28 + ${length}`))}`,
    allowedShare: ALLOWED_SHARE.text,
  },
  {
    name: 'ciphersweet',
    format: { kind: 'ciphersweet' },
    type: 'text',
    value: `'nacl:' || translate(${base64(random(`40 + ${length}`))}, '+/', '-_')`,
    allowedShare: ALLOWED_SHARE.text,
  },
  {
    name: 'pgp',
    format: { kind: 'pgp' },
    type: 'bytea',
    value: `'\\xc30d04070302'::bytea || ${random('9')} || '\\xd2'::bytea || set_byte('\\x00', 0, 39 + ${length})
      || '\\x01'::bytea || ${random(`38 + ${length}`)}`,
    allowedShare: ALLOWED_SHARE.bytes,
  },
];

export async function scanner(): Promise<readonly Figure[]> {
  const server = await startPostgres();
  const client = new pg.Client({ connectionString: server.adminUrl });
  try {
    await client.connect();
    await client.query('create extension pgcrypto');
    for (const { name, type, value } of tables) {
      await client.query(`create unlogged table public.${name} (id int primary key, value ${type});
        insert into public.${name} select g, ${value} from generate_series(1, ${ROWS}) g`);
      // Alone: it cannot run among other statements.
      await client.query(`vacuum analyze public.${name}`);
    }
    await client.query(`set search_path = pg_catalog; set jit = off; set max_parallel_workers_per_gather = 0`);
    const query: Query = async <R extends Record<string, unknown>>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<R>(sql, [...values])).rows;
    const figures: Figure[] = [];
    for (const table of tables) figures.push(await compared(query, table));
    return figures;
  } finally {
    await client.end();
    await server.close();
  }
}

async function compared(query: Query, { name, format, allowedShare }: Filled): Promise<Figure> {
  const column: ScannedColumn = {
    table: `public.${name}`,
    column: 'value',
    primaryKey: 'id',
    format,
    sensitivity: 'restricted',
  };
  const reader = readerFor(await resolveColumn(query, column), '42', []);
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
