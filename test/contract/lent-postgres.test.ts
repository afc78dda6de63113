/** However a run of the tests ends, the PostgreSQL that it lent to its files ends with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { outsideOfTests } from '../support/sample-domain/repository-copy.js';
import { eventually } from '../support/stack/eventually.js';
import { processesAbout } from '../support/stack/processes.js';

interface Held {
  readonly run: ChildProcess;
  readonly folder: string;
  /** Of the server. */
  readonly dataDir: string;
}

/** A run with one borrowed server, in a folder by which everything that it starts can be found. */
async function holdingRun(): Promise<Held> {
  const folder = mkdtempSync(join(tmpdir(), 'holding-'));
  // PostgreSQL may run as another user, who has to get through.
  chmodSync(folder, 0o711);
  const temp = join(folder, 'tmp');
  mkdirSync(temp, { mode: 0o711 });
  const held = join(folder, 'held');
  const vitest = join('node_modules', 'vitest', 'vitest.mjs');
  const run = spawn(process.execPath, [vitest, 'run', '--config', 'test/fixtures/lent-postgres/vitest.config.ts'], {
    env: { ...outsideOfTests(), TMPDIR: temp, KOP_TEST_HELD: held },
    stdio: 'ignore',
    // A process group of its own, as a terminal gives to each command.
    detached: true,
  });
  onTestFinished(() => {
    endGroup(run);
    rmSync(folder, { recursive: true, force: true });
  });
  const dataDir = await eventually(
    'a server is lent',
    60_000,
    async () => existsSync(held) && readFileSync(held, 'utf8'),
  );
  expect(servers(folder)).not.toEqual([]);
  expect(existsSync(join(dataDir, 'PG_VERSION'))).toBe(true);
  return { run, folder, dataDir };
}

/** Servers, their sessions and watchdogs. */
function servers(folder: string): readonly string[] {
  return processesAbout(folder)
    .map(({ command }) => command)
    .filter((command) => /^postgres|postgres -D|postgres-watchdog/.test(command));
}

/** A worker of Vitest outlives a run that was killed, until its test ends. */
function endGroup({ pid = 0 }: ChildProcess): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}

async function serverEnds({ folder, dataDir }: Held): Promise<void> {
  await eventually('the server has ended', 20_000, async () => servers(folder).length === 0);
  expect(existsSync(dataDir)).toBe(false);
}

test('after kill -9', { timeout: 120_000 }, async () => {
  const held = await holdingRun();
  const ended = once(held.run, 'exit');
  held.run.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  await serverEnds(held);
});

test('after Ctrl-C, which the terminal sends to all of its processes', { timeout: 120_000 }, async () => {
  const held = await holdingRun();
  const ended = once(held.run, 'exit');
  process.kill(-(held.run.pid ?? 0), 'SIGINT');
  const [code] = await ended;
  expect(code).not.toBe(0);
  await serverEnds(held);
});
