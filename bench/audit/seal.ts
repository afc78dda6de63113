/**
 * How fast records are sealed, beside what COPY of the same rows to nowhere does, in turns:
 *
 * - to a client that drops them: psql, or where there is none this process. That is the bound that is promised against,
 *   because a seal that is worth something is not made in the database, so the rows must leave it;
 * - to /dev/null by the server itself, for comparison.
 *
 * Usage: node dist/bench/audit/seal.js [--rows 200000]
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSealer, generateSealKey, SealSession } from '../../exporters/audit-trail/seal/index.js';
import { silentLogger } from '../../exporters/runtime/log.js';
import { SecretText } from '../../pack/index.js';
import { report } from '../support/report.js';
import { median } from '../support/stats.js';
import { type Bench, change, numberOption, perSecond, quietly, startBench, timed } from './support.js';

const ROUNDS = 5;
const PROMISED_SHARE = 0.8;
const ORIGIN = 'bench.example/audit';
/** As many as the pack's default. */
const ROWS_PER_CHUNK = 10_000;
const COLUMNS =
  'xact_id, id, table_schema, table_name, op, ts, relid, pk, actor, actor_kind, application, session_role, correlation_id, reason, old_row, new_row';
const SELECT = `select ${COLUMNS} from audit.log order by xact_id, id`;
const run = promisify(execFile);
const rows = numberOption('rows', 200_000);

const bench = await startBench({ rows: Math.ceil(rows / 2), tables: 0 });
try {
  await change(bench, Math.floor(rows / 2), 10_000);
  await bench.client.query('vacuum analyze audit.log');
  await quietly();
  const times = { server: [] as number[], psql: [] as number[], node: [] as number[], seal: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const taken = {
      server: await timed(() => bench.client.query(`copy (${SELECT}) to '/dev/null'`)),
      psql: await psql(bench),
      node: await drain(bench),
      seal: await seal(bench),
    };
    // The first round fills the caches.
    if (round === 0) continue;
    times.server.push(taken.server);
    if (taken.psql !== undefined) times.psql.push(taken.psql);
    times.node.push(taken.node);
    times.seal.push(taken.seal);
  }
  const sealed = median(times.seal);
  const against = (what: string, bound: readonly number[], isPromised: boolean) => ({
    what: `sealing ${rows.toLocaleString('en')} records, median of ${ROUNDS}`,
    ours: perSecond(rows, sealed),
    peer: `${perSecond(rows, median(bound))} (COPY ${what})`,
    limit: `${isPromised ? `>= ${PROMISED_SHARE} of it; ` : ''}is ${(median(bound) / sealed).toFixed(2)}`,
    holds: !isPromised || median(bound) / sealed >= PROMISED_SHARE,
  });
  report('Sealing', [
    ...(times.psql.length === 0 ? [] : [against('to psql, dropped', times.psql, true)]),
    against('to this process, dropped', times.node, times.psql.length === 0),
    against("to '/dev/null' by the server itself", times.server, false),
  ]);
} finally {
  await bench.close();
}

async function psql({ server }: Bench): Promise<number | undefined> {
  const program = ['/usr/bin/psql', '/usr/local/bin/psql'].find(existsSync);
  if (program === undefined) return undefined;
  return await timed(() => run(program, [server.adminUrl, '-c', `\\copy (${SELECT}) to '/dev/null'`]));
}

async function drain({ server }: Bench): Promise<number> {
  const access = { url: SecretText.literal(server.adminUrl), statementTimeoutMs: 600_000, maxConnections: 1 };
  const session = await SealSession.open(access, AbortSignal.timeout(600_000));
  try {
    return await timed(() => session.copy(SELECT, () => undefined));
  } finally {
    await session.close();
  }
}

/** Everything that sealing is: the log, its leaf files and signatures on the disk, flushed. */
async function seal({ trail, server }: Bench): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'kop-bench-seal-'));
  const sealer = createSealer(
    {
      ...trail,
      database: { ...trail.database, url: SecretText.literal(server.adminUrl) },
      seal: {
        origin: ORIGIN,
        key: SecretText.literal(generateSealKey(ORIGIN).privateKey),
        directory,
        intervalMs: 60_000,
        maxRowsPerChunk: ROWS_PER_CHUNK,
        verifyWithinMs: 86_400_000,
        anchors: [],
      },
    },
    { log: silentLogger },
  );
  if (sealer === undefined) throw new Error('no seal');
  try {
    return await timed(async () => {
      while ((await sealer.sealNow()).hasMore);
    });
  } finally {
    await sealer.stop();
    await rm(directory, { recursive: true });
  }
}
