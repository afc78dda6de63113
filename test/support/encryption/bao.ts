import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onPath } from './on-path.js';
import { freePort } from './ports.js';

/** OpenBao, or Vault: BAO_BIN names one, else whichever is on the PATH. */
export const baoProgram: string | undefined = process.env.BAO_BIN ?? ['bao', 'vault'].find(onPath);

export interface Bao {
  readonly url: string;
  readonly rootToken: string;
  stop(): Promise<void>;
}

/** A real server in development mode: in memory, unsealed, on a port of its own at 127.0.0.1. */
export async function startBao(program: string): Promise<Bao> {
  const port = await freePort();
  const rootToken = `root-${randomBytes(8).toString('hex')}`;
  const home = mkdtempSync(join(tmpdir(), 'kop-bao-'));
  const child = spawn(
    program,
    [
      'server',
      '-dev',
      `-dev-listen-address=127.0.0.1:${port}`,
      `-dev-root-token-id=${rootToken}`,
      '-dev-no-store-token',
    ],
    { cwd: home, env: { PATH: process.env.PATH, HOME: home, TMPDIR: home }, stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, child);
  return { url, rootToken, stop: () => end(child) };
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/v1/sys/health`).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await end(child);
  throw new Error('the server did not become healthy within 10 s');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 3000);
  await ended;
  clearTimeout(patience);
}
