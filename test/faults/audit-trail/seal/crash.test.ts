import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Disk, type DiskStep } from '../../../../exporters/runtime/sealing/log/disk.js';
import { Lab, SealLog } from './support.js';

const root = join(import.meta.dirname, '../../../..');
let lab: Lab;
let log: SealLog;

beforeAll(async () => {
  lab = await Lab.open();
});
afterAll(() => lab.close());
beforeEach(() => lab.freshTable());

/** A seal log as a crash left it goes on and holds every row once, and every entry that was acknowledged. */
async function expectWhole(directory: string, rows: number, acknowledged: readonly string[] = []): Promise<void> {
  const recovered = await SealLog.open(lab, { directory, key: log.key, maxRowsPerChunk: 10 });
  try {
    await recovered.seal();
    const entries = (await readFile(recovered.logPath, 'utf8')).trim().split('\n');
    const { ok, failures, records } = await recovered.verifyAuditLog();
    expect({ ok, failures, records, entries: entries.length > 0 }).toEqual({
      ok: true,
      failures: [],
      records: rows,
      entries: true,
    });
    const known = await recovered.store(async (store) =>
      Promise.all(
        acknowledged.map(async (ack) => `${ack.split(' ')[0]} ${(await store.entry(Number(ack.split(' ')[0]))).hash}`),
      ),
    );
    expect(known).toEqual(acknowledged);
    expect((await recovered.verifyRows()).failures).toEqual([]);
  } finally {
    await recovered.sealer.stop();
  }
}

describe('kill -9 while sealing', () => {
  let folder: string;
  let child: string;

  // The child is another process, so it needs JavaScript. In one file, because sixty of them start, and most of what each
  // costs is what it loads. Inside the repository, for its node_modules.
  beforeAll(async () => {
    await mkdir(join(root, '.kop'), { recursive: true });
    folder = await mkdtemp(join(root, '.kop/crash-test-'));
    child = join(folder, 'crash-child.mjs');
    const bundle = await rolldown({ input: join(import.meta.dirname, 'crash-child.ts'), platform: 'node' });
    await bundle.write({ file: child, format: 'esm' });
    await bundle.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  afterEach(() => log.remove());

  async function run(
    directory: string,
    killAt: number,
    how: 'whole' | 'torn',
  ): Promise<{ signal: string | null; lines: string[]; error: string }> {
    const args = [child, lab.server.adminUrl, directory, log.key.privateKey, String(killAt), how];
    const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let error = '';
    running.stdout.on('data', (data) => {
      output += data;
    });
    running.stderr.on('data', (data) => {
      error += data;
    });
    const [, signal] = await once(running, 'close');
    return { signal, lines: output.trim().split('\n').filter(Boolean), error };
  }

  it('at every step, and in the middle of every write: nothing is lost, doubled or forked', {
    timeout: 120_000,
  }, async () => {
    await lab.write(7);
    log = await SealLog.open(lab);
    await log.seal();
    await log.sealer.stop();
    await lab.write(15);
    const copy = async (name: string) => {
      const directory = join(folder, name);
      await cp(log.directory, directory, { recursive: true });
      return directory;
    };
    const whole = await run(await copy('whole'), 0, 'whole');
    expect(whole.error).toBe('');
    const steps = (whole.lines.at(-1) ?? '').split(' ');
    expect(steps.length).toBeGreaterThan(25);
    const crashes = steps.flatMap((name, at) => [
      { killAt: at + 1, how: 'whole' as const },
      ...(name === 'write' || name === 'append' ? [{ killAt: at + 1, how: 'torn' as const }] : []),
    ]);
    const pending = [...crashes];
    // Two at a time: a Node process needs longer to start than to reach the step.
    const worker = async () => {
      for (let crash = pending.pop(); crash !== undefined; crash = pending.pop()) {
        const { killAt, how } = crash;
        const directory = await copy(`${how}-${killAt}`);
        const { signal, lines, error } = await run(directory, killAt, how);
        expect(signal, `${steps[killAt - 1]} at step ${killAt}, ${how} ${error}`).toBe('SIGKILL');
        await inTurn(() => expectWhole(directory, 22, lines));
        await rm(directory, { recursive: true });
      }
    };
    await Promise.all([worker(), worker()]);
  });

  let turn: Promise<unknown> = Promise.resolve();
  /** The database lets one sealer of an origin in at a time. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  }
});

describe('a full disk', () => {
  /** Writes half of what it should at the given step, then there is no room until told otherwise. */
  class FullDisk extends Disk {
    countdown = Number.POSITIVE_INFINITY;

    protected override async step(_name: DiskStep, _path: string): Promise<void> {
      this.countdown -= 1;
      if (this.countdown < 0)
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    }
  }

  afterEach(() => log.remove());

  it.each(Array.from({ length: 16 }, (_, n) => n))(
    'at step %i: a clear state, and afterwards nothing is missing',
    async (step) => {
      const disk = new FullDisk();
      log = await SealLog.open(lab, { maxRowsPerChunk: 10, deps: { disk } });
      await log.seal();
      await lab.write(15);
      disk.countdown = step;
      await expect(log.seal()).rejects.toThrow('ENOSPC');
      expect(log.sealer.status()).toMatchObject({
        state: 'error',
        evidence: 'unknown',
        failures: { fork: 0, size: 0 },
      });
      expect(log.sealer.status().reasons[0]).toMatch(/disk of .* is full; nothing is lost/);
      disk.countdown = Number.POSITIVE_INFINITY;
      await log.seal();
      expect(log.sealer.status()).toMatchObject({ state: 'sealing', evidence: 'ok', checkpoint: { size: 15 } });
      expect(await log.verifyAuditLog()).toMatchObject({ ok: true, records: 15 });
      expect(await log.verifyRows()).toMatchObject({ ok: true, rows: 15 });
    },
  );

  const canMount = process.getuid?.() === 0 && process.platform === 'linux';

  it.skipIf(!canMount)(
    'that is really full (needs root for a tmpfs): sealing goes on when there is room',
    async (context) => {
      const mount = await mkdtemp(join(tmpdir(), 'kop-full-'));
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', mount]).status !== 0) {
        await rm(mount, { recursive: true });
        log = await SealLog.open(lab);
        return context.skip('no tmpfs can be mounted here');
      }
      try {
        const filler = join(mount, 'filler');
        log = await SealLog.open(lab, { directory: join(mount, 'seal'), maxRowsPerChunk: 1_000 });
        await lab.write(100);
        await log.seal();
        // All but a few pages: the leaf file still begins, and cannot be finished.
        await writeFile(filler, Buffer.alloc(440 * 1024));
        await lab.write(3_000);
        await expect(log.seal()).rejects.toThrow('ENOSPC');
        expect(log.sealer.status()).toMatchObject({ state: 'error', evidence: 'unknown' });
        await rm(filler);
        await log.seal();
        expect(await log.verifyAuditLog()).toMatchObject({ ok: true, records: 3_100 });
        expect(await log.verifyRows()).toMatchObject({ ok: true, rows: 3_100 });
      } finally {
        await log.sealer.stop();
        spawnSync('umount', [mount]);
        await rm(mount, { recursive: true, force: true });
      }
    },
  );
});

describe('two sealers', () => {
  afterEach(() => log.remove());

  it('of one directory: the second refuses and says who holds it', async () => {
    log = await SealLog.open(lab);
    await log.seal();
    // Another origin, or the database's lock would answer first.
    const second = await SealLog.open(lab, { directory: log.directory, origin: 'other.example/audit' });
    await expect(second.seal()).rejects.toThrow(`another sealer (process ${process.pid}`);
    expect(second.sealer.status()).toMatchObject({ state: 'error', evidence: 'unknown' });
    await second.sealer.stop();
    await log.seal();
    expect((await log.verifyAuditLog()).ok).toBe(true);
  });

  it('of one database with two directories: the second refuses too', async () => {
    log = await SealLog.open(lab);
    await log.seal();
    const second = await SealLog.open(lab);
    await expect(second.seal()).rejects.toThrow(
      'another sealer of "kingston.example/audit" is connected to this database',
    );
    await log.sealer.stop();
    await second.seal();
    await second.remove();
  });

  it('on a host that died: the other waits, says so, and takes over after a silence', async () => {
    log = await SealLog.open(lab);
    await log.seal();
    await log.sealer.stop();
    const path = join(log.directory, 'lock');
    const gone = { pid: 1, started: '1', boot: 'x', host: 'pod-a', nonce: 'n' };
    await writeFile(path, JSON.stringify(gone));
    const second = await log.again();
    await expect(second.seal()).rejects.toThrow('another sealer (process 1 on pod-a) holds');
    expect(second.sealer.status()).toMatchObject({ evidence: 'unknown', waitingSince: expect.any(Date) });
    // Whoever waits for the directory leaves the database to whoever has it.
    const elsewhere = await SealLog.open(lab);
    await elsewhere.seal();
    await elsewhere.remove();
    const longAgo = new Date(Date.now() - 120_000);
    await utimes(path, longAgo, longAgo);
    await second.seal();
    expect(second.sealer.status()).toMatchObject({ state: 'sealing', waitingSince: undefined });
    log = second;
  });

  it('one of which died without a word: its lock does not stand in the way', async () => {
    log = await SealLog.open(lab);
    await log.seal();
    await log.sealer.stop();
    const dead = spawnSync(process.execPath, ['-e', '']);
    const holder = { pid: dead.pid, started: '1', boot: 'x', host: (await import('node:os')).hostname(), nonce: 'n' };
    await writeFile(join(log.directory, 'lock'), JSON.stringify(holder));
    log = await log.again();
    await log.seal();
    expect(log.sealer.status().state).toBe('sealing');
  });
});
