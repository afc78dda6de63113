/** Two sealers on two hosts that share a directory: a pod that is replaced, one that is killed, clocks that jump. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Disk, type DiskStep } from '../../../../exporters/runtime/sealing/log/disk.js';
import { Lab, SealLog } from './support.js';

const root = join(import.meta.dirname, '../../../..');
let lab: Lab;
let log: SealLog;
let folder: string;
let child: string;
const hosts: ChildProcess[] = [];

beforeAll(async () => {
  lab = await Lab.open();
  await mkdir(join(root, '.kop'), { recursive: true });
  folder = await mkdtemp(join(root, '.kop/two-hosts-test-'));
  child = join(folder, 'child.mjs');
  const bundle = await rolldown({ input: join(import.meta.dirname, 'two-hosts-child.ts'), platform: 'node' });
  await bundle.write({ file: child, format: 'esm' });
  await bundle.close();
}, 60_000);
afterEach(async () => {
  for (const host of hosts.splice(0)) await killed(host);
  await log.remove();
});
afterAll(async () => {
  await lab.close();
  await rm(folder, { recursive: true, force: true });
});

interface Said {
  readonly state: string;
  readonly isWaiting: boolean;
  readonly reasons: readonly string[];
  readonly size?: number;
}

interface Host {
  readonly process: ChildProcess;
  said(): Said | undefined;
  until(wanted: (said: Said) => boolean, timeoutMs?: number): Promise<void>;
}

function start(name: string): Host {
  const args = [child, name, lab.server.adminUrl, log.directory, log.key.privateKey];
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  hosts.push(running);
  let output = '';
  running.stdout.on('data', (data) => {
    output += data;
  });
  const said = (): Said | undefined => {
    const line = output.split('\n').at(-2);
    return line === undefined ? undefined : JSON.parse(line);
  };
  return {
    process: running,
    said,
    until: (wanted, timeoutMs = 20_000) =>
      vi.waitFor(
        () => {
          const now = said();
          expect(now, output).toSatisfy((it: Said | undefined) => it !== undefined && wanted(it));
        },
        { timeout: timeoutMs, interval: 50 },
      ),
  };
}

async function killed(host: ChildProcess): Promise<void> {
  if (host.exitCode !== null || host.signalCode !== null) return;
  const ended = new Promise((resolve) => host.once('exit', resolve));
  host.kill('SIGKILL');
  await ended;
}

const lock = () => join(log.directory, 'lock');
const holder = async () => JSON.parse(await readFile(lock(), 'utf8')).host;

/** What a jump of a clock does to the time of the last sign of life. */
async function jump(ms: number): Promise<void> {
  const then = new Date(Date.now() + ms);
  await utimes(lock(), then, then);
}

const isSealing = ({ state }: Said) => state === 'sealing';

/** The first seals; the second has only just begun. */
async function startBoth(): Promise<{ readonly first: Host; readonly second: Host }> {
  await lab.freshTable();
  log = await SealLog.open(lab);
  const first = start('pod-a');
  await first.until(isSealing);
  return { first, second: start('pod-b') };
}

async function written(rows: number): Promise<void> {
  for (let n = 0; n < rows; n += 1) await lab.write(1);
}

async function isWhole(rows: number): Promise<void> {
  expect((await log.verifyAuditLog()).ok).toBe(true);
  expect(await log.verifyRows()).toMatchObject({ ok: true, rows });
}

it('the second waits while the first lives, also when a clock jumps; after kill -9 it takes over', {
  timeout: 120_000,
}, async () => {
  const { first, second } = await startBoth();
  await second.until(({ isWaiting, reasons }) => isWaiting && /another sealer/.test(reasons[0] ?? ''));
  for (const ms of [-3_600_000, 3_600_000, -120_000]) {
    await jump(ms);
    await written(5);
    await first.until(({ size }) => size !== undefined && size >= 5);
    expect(second.said()).toMatchObject({ state: 'error', isWaiting: true });
    expect(await holder()).toBe('pod-a');
  }
  await first.until(({ size }) => size === 15);

  // It lived until now.
  await jump(0);
  await killed(first.process);
  // The database is free at once; the directory not before its silence.
  await second.until(({ reasons }) => /process \d+ on pod-a\) holds/.test(reasons[0] ?? ''));
  expect(second.said()?.isWaiting).toBe(true);
  await jump(-120_000);
  await second.until(isSealing);
  expect(await holder()).toBe('pod-b');
  await written(5);
  await second.until(({ size }) => size === 20);
  await killed(second.process);
  await isWhole(20);
});

it('whoever loses its connection while the directory seems free never writes beside the other', {
  timeout: 120_000,
}, async () => {
  const { first, second } = await startBoth();
  await second.until(({ isWaiting }) => isWaiting);
  const stop = new AbortController();
  const writing = (async () => {
    let rows = 0;
    for (; !stop.signal.aborted; rows += 1) await lab.write(1);
    return rows;
  })();
  try {
    for (let round = 0; round < 2; round += 1) {
      await jump(-120_000);
      await lab.client.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kop-audit-seal' and pid <> pg_backend_pid()`,
      );
      await sleep(500);
      await vi.waitFor(() => expect([first, second].some((host) => host.said()?.state === 'sealing')).toBe(true), {
        timeout: 20_000,
      });
    }
  } finally {
    stop.abort();
    await writing;
  }
  const rows = await writing;
  await vi.waitFor(() => expect([first, second].some((host) => host.said()?.size === rows)).toBe(true), {
    timeout: 30_000,
  });
  for (const host of [first, second]) expect(host.said()?.state).not.toBe('refused');
  for (const host of [first, second]) await killed(host.process);
  await isWhole(rows);
});

describe('a sealer that only seemed dead', () => {
  /** Holds a write once, as a slow disk or a paused machine does. */
  class SlowDisk extends Disk {
    readonly reached: Promise<void>;
    goOn: () => void = () => undefined;
    readonly #isHeld: (step: DiskStep, path: string) => boolean;
    readonly #mayGoOn = new Promise<void>((resolve) => {
      this.goOn = resolve;
    });
    #reach: () => void = () => undefined;

    constructor(isHeld: (step: DiskStep, path: string) => boolean) {
      super();
      this.#isHeld = isHeld;
      this.reached = new Promise((resolve) => {
        this.#reach = resolve;
      });
    }

    protected override async step(step: DiskStep, path: string): Promise<void> {
      if (!this.#isHeld(step, path)) return;
      this.#reach();
      await this.#mayGoOn;
    }
  }

  /** It is held at that step, while its session ends and its lock looks as old as a dead one's; then another begins. */
  async function takenOverAt(isHeld: (step: DiskStep, path: string) => boolean) {
    await lab.freshTable();
    const disk = new SlowDisk(isHeld);
    log = await SealLog.open(lab, { deps: { disk } });
    await lab.write(5);
    const slow = log.seal();
    await disk.reached;
    const before = JSON.parse(await readFile(lock(), 'utf8'));
    await writeFile(lock(), JSON.stringify({ ...before, host: 'pod-a' }));
    await jump(-120_000);
    await lab.client.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'kop-audit-seal'`,
    );
    const other = await SealLog.open(lab, { directory: log.directory, key: log.key });
    const took = other.seal();
    await vi.waitFor(async () => expect(await holder()).not.toBe('pod-a'), { timeout: 20_000 });
    disk.goOn();
    const outcome = await slow.then(
      () => 'sealed',
      (error: unknown) => String(error),
    );
    await took;
    await other.sealer.stop();
    return outcome;
  }

  it('is waited for in the middle of its line, and what it wrote is kept', { timeout: 60_000 }, async () => {
    await takenOverAt((step, path) => step === 'append' && path.endsWith('log.jsonl'));
    await isWhole(5);
  });

  it('writes no line once another has the directory', { timeout: 60_000 }, async () => {
    expect(await takenOverAt((step, path) => step === 'rename' && path.includes('leaves'))).toContain('was taken away');
    await isWhole(5);
  });
});
