/**
 * What a busy database loses to the observer: transactions per second with it and without, in alternating rounds. The
 * observer is a process of its own, at the paces of the pack; the clients are pgbench where it is installed.
 *
 * Usage: node dist/bench/audit/load.js [--rounds 7] [--seconds 20]
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { report } from '../support/report.js';
import { median } from '../support/stats.js';
import { numberOption, observerOf, quietly, startBench, trailOf } from './support.js';
import { transactionsPerSecond } from './traffic.js';

const CLIENTS = 8;
const ROWS = 20_000;
const ALLOWED_LOSS = 0.02;
const rounds = numberOption('rounds', 7);
const seconds = numberOption('seconds', 20);
const run = promisify(execFile);
const pgbench = ['/usr/bin/pgbench', '/usr/local/bin/pgbench'].find(existsSync);

if (process.argv.includes('--observe')) await observe();
else await measure();

async function measure(): Promise<void> {
  const bench = await startBench({ rows: ROWS });
  const folder = await mkdtemp(join(tmpdir(), 'kop-bench-load-'));
  try {
    await writeFile(
      join(folder, 'work.sql'),
      `\\set id random(1, ${ROWS})\nupdate accounts set balance = balance + 1 where id = :id;\n`,
    );
    const work = () => load(bench.server.adminUrl, join(folder, 'work.sql'));
    await quietly();
    await work();
    const losses: number[] = [];
    const alone: number[] = [];
    const watched: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // Each beside its neighbour, first one and then the other, because a database in use grows slower or quicker.
      const pair: { without?: number; with?: number } = {};
      for (const isWatched of round % 2 === 0 ? [false, true] : [true, false]) {
        const observer = isWatched ? await startObserver(bench.trail.database.url.reveal()) : undefined;
        const tps = await work();
        observer?.kill('SIGTERM');
        pair[isWatched ? 'with' : 'without'] = tps;
      }
      alone.push(pair.without ?? Number.NaN);
      watched.push(pair.with ?? Number.NaN);
      losses.push(1 - (pair.with ?? Number.NaN) / (pair.without ?? Number.NaN));
    }
    const loss = median(losses);
    report("The observer's load", [
      {
        what: `transactions/s of ${CLIENTS} clients (${pgbench === undefined ? 'our own' : 'pgbench'}), median of ${rounds} pairs of ${seconds} s`,
        ours: `${median(watched).toFixed(0)} with it`,
        peer: `${median(alone).toFixed(0)} without`,
        limit: `loss < ${ALLOWED_LOSS * 100} %; is ${(loss * 100).toFixed(1)} %`,
        holds: loss < ALLOWED_LOSS,
      },
    ]);
    console.log(`  each pair lost ${losses.map((value) => `${(value * 100).toFixed(1)} %`).join(', ')}`);
  } finally {
    await rm(folder, { recursive: true });
    await bench.close();
  }
}

async function load(url: string, file: string): Promise<number> {
  if (pgbench === undefined) return await transactionsPerSecond({ url, clients: CLIENTS, seconds, rows: ROWS });
  const { stdout } = await run(pgbench, [
    ...['--no-vacuum', '--file', file, '--client', String(CLIENTS), '--jobs', '2', '--protocol', 'prepared'],
    ...['--time', String(seconds), url],
  ]);
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
}

async function startObserver(url: string): Promise<ReturnType<typeof spawn>> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', '--observe'], {
    env: { ...process.env, KOP_BENCH_OBSERVED: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve);
    child.once('exit', (code) => reject(new Error(`the observer ended with ${code}`)));
  });
  return child;
}

/** At the paces of the pack, the first looks at once. */
async function observe(): Promise<void> {
  const trail = trailOf(process.env.KOP_BENCH_OBSERVED ?? '');
  const observer = observerOf(trail);
  const look = (close: boolean) =>
    close ? observer.lookClosely(AbortSignal.timeout(60_000)) : observer.lookQuickly(AbortSignal.timeout(10_000));
  await look(true);
  console.log('looked');
  setInterval(() => void look(false), trail.observe.intervalMs);
  setInterval(() => void look(true), trail.observe.confirmIntervalMs);
}
