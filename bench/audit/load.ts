/**
 * What the observer costs a busy database: transactions per second with and without it, in alternating rounds, and the
 * processor time of the observer and its sessions, which is more meaningful when the first is within the noise. The
 * observer is a separate process with the default intervals of the pack, and each round is long enough for fast and
 * exact checks; the clients are pgbench if it is installed.
 *
 * Usage: node dist/bench/audit/load.js [--rounds 5] [--seconds 62]
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { report } from '../support/report.js';
import { median } from '../support/stats.js';
import { type Bench, numberOption, observerOf, quietly, startBench, trailOf } from './support.js';
import { transactionsPerSecond } from './traffic.js';

const CLIENTS = 8;
const ROWS = 20_000;
const ALLOWED_LOSS = 0.02;
const DEFAULT_MAX_LOAD = 0.03;
const CLOCK_TICKS_PER_SECOND = 100;
const rounds = numberOption('rounds', 5);
const seconds = numberOption('seconds', 62);
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
    const observer = await startObserver(bench.trail.database.url.reveal());
    const losses: number[] = [];
    const alone: number[] = [];
    const watched: number[] = [];
    const cpu: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      // Alternating order, because a database in use becomes slower or faster over time.
      const pair = { without: Number.NaN, with: Number.NaN };
      for (const isWatched of round % 2 === 0 ? [false, true] : [true, false]) {
        if (!isWatched) {
          pair.without = await work();
          continue;
        }
        // Changes from before the observer started are not part of this round's work.
        await observer.tell('look');
        await observer.tell('begin');
        const before = await cpuSeconds(observer.process, bench);
        pair.with = await work();
        cpu.push(((await cpuSeconds(observer.process, bench)) - before) / (seconds * availableParallelism()));
        await observer.tell('pause');
      }
      alone.push(pair.without);
      watched.push(pair.with);
      losses.push(1 - pair.with / pair.without);
    }
    observer.process.kill('SIGTERM');
    const loss = median(losses);
    report("The observer's load", [
      {
        what: `transactions/s of ${CLIENTS} clients (${pgbench === undefined ? 'our own' : 'pgbench'}), median of ${rounds} pairs of ${seconds} s`,
        ours: `${median(watched).toFixed(0)} with it`,
        peer: `${median(alone).toFixed(0)} without`,
        limit: `loss < ${ALLOWED_LOSS * 100} %; is ${(loss * 100).toFixed(1)} %`,
        holds: loss < ALLOWED_LOSS,
      },
      {
        what: 'processor time of the observer and its sessions meanwhile',
        ours: `${(median(cpu) * 100).toFixed(1)} % of the machine`,
        peer: '-',
        limit: `< ${ALLOWED_LOSS * 100} %`,
        holds: median(cpu) < ALLOWED_LOSS,
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

interface Observed {
  readonly process: ChildProcess;
  /** Waits until it is done. */
  tell(what: 'look' | 'begin' | 'pause'): Promise<void>;
}

async function startObserver(url: string): Promise<Observed> {
  const child = spawn(process.execPath, [process.argv[1] ?? '', '--observe'], {
    env: { ...process.env, KOP_BENCH_OBSERVED: url },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the observer ended with ${code}`)));
  });
  // Its errors are handled when it is awaited; it is stopped last.
  ended.catch(() => undefined);
  const tell = async (what: string): Promise<void> => {
    const done = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    child.stdin.write(`${what}\n`);
    await Promise.race([done, ended]);
  };
  await tell('look');
  return { process: child, tell };
}

/** Of its process and of its sessions in the server, so far. */
async function cpuSeconds({ pid }: ChildProcess, { client }: Bench): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pid from pg_stat_activity where usename = 'observer'");
  const ticks = [pid, ...rows.map((row) => row.pid)].map((one) => {
    const fields = readFileSync(`/proc/${one}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / CLOCK_TICKS_PER_SECOND;
}

async function observe(): Promise<void> {
  const bare = trailOf(process.env.KOP_BENCH_OBSERVED ?? '');
  const trail = { ...bare, observe: { ...bare.observe, maxLoad: DEFAULT_MAX_LOAD } };
  const observer = observerOf(trail);
  const { intervalMs, confirmIntervalMs } = trail.observe;
  const timers: NodeJS.Timeout[] = [];
  let looking: Promise<unknown> = Promise.resolve();
  const look = (isClose: boolean) => {
    looking = looking.then(() =>
      isClose
        ? observer.runExactChecks(AbortSignal.timeout(60_000))
        : observer.runFastChecks(AbortSignal.timeout(10_000)),
    );
    return looking;
  };
  for await (const told of createInterface({ input: process.stdin })) {
    if (told === 'look') await look(true);
    if (told === 'begin') {
      timers.push(setInterval(look, intervalMs, false), setInterval(look, confirmIntervalMs, true));
    }
    if (told === 'pause') {
      for (const timer of timers.splice(0)) clearInterval(timer);
      await looking;
    }
    console.log('done');
  }
}
