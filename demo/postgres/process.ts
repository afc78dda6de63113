import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Binaries } from './binaries.js';
import { type ClusterFiles, serverEnvironment } from './cluster.js';
import { DemoPostgresError, USE_YOUR_OWN_SERVER } from './errors.js';
import { type ServerIdentity, spawnIds } from './identity.js';

export type StopMode = 'fast' | 'immediate';

export interface ServerProcess {
  isRunning(): boolean;
  stop(mode: StopMode): Promise<void>;
  kill(): Promise<void>;
}

export interface LaunchOptions {
  readonly binaries: Binaries;
  readonly files: ClusterFiles;
  readonly identity: ServerIdentity | undefined;
  readonly port: number;
  readonly adminUrl: string;
  readonly settings: Readonly<Record<string, string>>;
}

const READY_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;
const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const;

const DEFAULT_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // Loopback TCP is the only access; no socket file in /tmp.
  unix_socket_directories: '',
  // Safe here only: a demo's data is generated and thrown away, and a power cut may take it. A killed server still
  // recovers, because the operating system keeps what was written.
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  max_connections: '100',
  shared_buffers: '64MB',
};

/** Starts the server on files that are initialised, and returns when it answers a query. */
export async function launch(options: LaunchOptions): Promise<ServerProcess> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  for (;;) {
    const logFile = await open(options.files.log, 'w', 0o600);
    const child = spawnServer(options, logFile.fd);
    await logFile.close();
    const server = control(child, options.binaries);
    if (await isReady(child, options.adminUrl, deadline)) {
      child.unref();
      return server;
    }
    if (server.isRunning()) {
      await server.kill();
    }
    const log = await readFile(options.files.log, 'utf8').catch(() => '');
    // After a kill -9 the old backends need a moment to notice and let go of their shared memory.
    if (/still in use|lock file "postmaster.pid" already exists/.test(log) && Date.now() < deadline) {
      await sleep(100);
      continue;
    }
    throw notStarted(options, log);
  }
}

function spawnServer({ binaries, files, identity, port, settings }: LaunchOptions, logFd: number): ChildProcess {
  const flags = Object.entries({ ...DEFAULT_SETTINGS, ...settings, port: String(port) });
  return spawn(binaries.postgres, ['-D', files.data, ...flags.flatMap(([name, value]) => ['-c', `${name}=${value}`])], {
    cwd: files.root,
    env: serverEnvironment(),
    // Away from the terminal's process group: Ctrl-C must reach the program that owns the server, not the server.
    detached: process.platform !== 'win32',
    windowsHide: true,
    stdio: ['ignore', logFd, logFd],
    ...spawnIds(identity),
  });
}

function control(child: ChildProcess, binaries: Binaries): ServerProcess {
  let spawnFailed = false;
  child.once('error', () => {
    spawnFailed = true;
  });
  const isRunning = () => !spawnFailed && child.exitCode === null && child.signalCode === null;
  const killOnExit = () => child.kill('SIGKILL');
  if (process.platform === 'win32') {
    process.once('exit', killOnExit);
    child.once('exit', () => process.off('exit', killOnExit));
  }
  const send = (signal: (typeof SIGNALS)[keyof typeof SIGNALS]) => {
    if (process.platform === 'win32' && signal !== 'SIGKILL') {
      spawnSync(binaries.pgCtl, ['kill', signal.slice(3), String(child.pid)], { windowsHide: true });
    } else {
      child.kill(signal);
    }
  };
  const endWith = async (signal: (typeof SIGNALS)[keyof typeof SIGNALS], patienceMs: number): Promise<boolean> => {
    if (!isRunning()) {
      return true;
    }
    child.ref();
    const timer = new AbortController();
    const gone = once(child, 'exit').then(() => true);
    send(signal);
    const late = sleep(patienceMs, false, { signal: timer.signal }).catch(() => false);
    const isGone = await Promise.race([gone, late]);
    timer.abort();
    return isGone;
  };
  return {
    isRunning,
    async stop(mode) {
      if (!(await endWith(SIGNALS[mode], STOP_DEADLINE_MS)) && !(await endWith('SIGQUIT', 5_000))) {
        await endWith('SIGKILL', 5_000);
      }
    },
    async kill() {
      await endWith('SIGKILL', 5_000);
    },
  };
}

async function isReady(child: ChildProcess, adminUrl: string, deadline: number): Promise<boolean> {
  let exited = false;
  child.once('exit', () => {
    exited = true;
  });
  child.once('error', () => {
    exited = true;
  });
  while (!exited && Date.now() < deadline) {
    const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select 1');
      await client.end();
      return !exited;
    } catch {
      client.end().catch(() => undefined);
      await sleep(25);
    }
  }
  return false;
}

function notStarted({ port, files, identity }: LaunchOptions, log: string): DemoPostgresError {
  const lastLines = log.trim().split('\n').slice(-6).join(' | ') || 'it wrote no log';
  if (/could not bind|Address already in use/.test(log)) {
    return new DemoPostgresError(
      'KOP_DEMO_PORT_IN_USE',
      `Port ${port} on 127.0.0.1 is taken.`,
      `Choose another port, or none and a free one is found. ${USE_YOUR_OWN_SERVER}`,
    );
  }
  return new DemoPostgresError(
    'KOP_DEMO_POSTGRES_NOT_READY',
    `PostgreSQL did not start as ${identity?.name ?? 'this user'} on port ${port}; its log (${files.log}) ends: ${lastLines}.`,
    `Correct what the log names. ${USE_YOUR_OWN_SERVER}`,
  );
}
