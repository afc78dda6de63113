import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { startPostgres } from '../../demo/postgres/index.js';
import { DatabaseFunctionsProvider } from '../../exporters/encryption/providers/pgcrypto.js';
import { SecretText } from '../../pack/index.js';
import { type Figure, ms } from '../support/report.js';
import { median } from '../support/stats.js';

const SAMPLES = 300;
const HARDENED_SAMPLES = 5;
const ALLOWED_ABOVE_MS = 0.3;
const PROMISED_MS = 10;
const HARDENED = 'cipher-algo=aes256, s2k-count=65011712';

export async function database(): Promise<readonly Figure[]> {
  const server = await startPostgres();
  const client = new pg.Client({ connectionString: server.adminUrl });
  try {
    await client.connect();
    await client.query('create extension pgcrypto');
    const usual = await compared(server.adminUrl, client, 'cipher-algo=aes256', SAMPLES);
    const hardened = await compared(server.adminUrl, client, HARDENED, HARDENED_SAMPLES);
    return [
      figure(`encrypt 256 B, median of ${SAMPLES}`, usual),
      {
        what: `the same with ${HARDENED.split(', ')[1]}, median of ${HARDENED_SAMPLES}`,
        ours: ms(hardened.ours),
        peer: `${ms(hardened.inServer)} in the server`,
        limit: `misses ${PROMISED_MS} ms, as it must`,
        holds: hardened.ours > PROMISED_MS,
      },
    ];
  } finally {
    await client.end();
    await server.close();
  }
}

interface Compared {
  readonly ours: number;
  readonly bare: number;
  readonly inServer: number;
}

function figure(what: string, { ours, bare, inServer }: Compared): Figure {
  return {
    what,
    ours: ms(ours),
    peer: `${ms(bare)} bare SELECT, ${ms(inServer)} in the server`,
    limit: `<= both + ${ALLOWED_ABOVE_MS} ms; is ${(ours - bare - inServer).toFixed(2)} above`,
    holds: ours <= bare + inServer + ALLOWED_ABOVE_MS,
  };
}

async function compared(url: string, client: pg.Client, options: string, samples: number): Promise<Compared> {
  const provider = new DatabaseFunctionsProvider(
    {
      name: 'pgcrypto',
      kind: 'pgcrypto',
      database: { url: SecretText.literal(url), statementTimeoutMs: 5000, maxConnections: 1 },
      passphrase: SecretText.literal('bench-passphrase'),
      options,
      deterministic: false,
    },
    (secret) => secret.reveal(),
    5000,
  );
  const signal = new AbortController().signal;
  await provider.open(signal);
  const plaintext = randomBytes(256);
  const taken = { ours: [] as number[], bare: [] as number[], inServer: [] as number[] };
  for (let one = 0; one < samples; one += 1) {
    taken.ours.push(await timed(() => provider.encrypt(plaintext, plaintext, { signal })));
    taken.bare.push(await timed(() => client.query('select $1::bytea as made', [plaintext])));
    taken.inServer.push(await serverMs(client, plaintext, options));
  }
  await provider.close();
  return { ours: median(taken.ours), bare: median(taken.bare), inServer: median(taken.inServer) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** By the server's own clock, in milliseconds. */
async function serverMs(client: pg.Client, plaintext: Buffer, options: string): Promise<number> {
  const { rows } = await client.query<{ ms: number }>(
    `with t as materialized (select clock_timestamp() as a),
      e as materialized (select length(pgp_sym_encrypt_bytea($1::bytea, 'bench-passphrase', $2)) as n, a from t)
     select extract(epoch from clock_timestamp() - a)::float8 * 1000 as ms from e where n > 0`,
    [plaintext, options],
  );
  return rows[0]?.ms ?? Number.NaN;
}
