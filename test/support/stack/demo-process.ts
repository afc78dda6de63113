import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../../../pack/index.js';
import { eventually } from './eventually.js';
import { processesAbout } from './processes.js';

const kop = join(packageRoot(), 'dist', 'cli', 'kop.js');
const readyLine = z.looseObject({
  portal: z.string(),
  exporters: z.string(),
  admin: z.string(),
  missing: z.array(z.string()),
});
export type Addresses = z.infer<typeof readyLine>;

/** `kop demo`, in a folder of its own by which everything it starts can be found. */
export class DemoProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'demo-under-test-'));
  readonly child: ChildProcess;
  /** What a person would have read. */
  told = '';
  #out = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const temp = join(this.folder, 'tmp');
    // PostgreSQL may run as another user, who has to get through.
    mkdirSync(temp, { mode: 0o711 });
    chmodSync(this.folder, 0o711);
    this.child = spawn(process.execPath, [kop, 'demo', '--json', ...args], {
      cwd: this.folder,
      env: { ...process.env, TMPDIR: temp, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.told += text;
    });
  }

  async ready(): Promise<Addresses> {
    return eventually('the demo is ready', 90_000, async () => {
      if (this.child.exitCode !== null) {
        throw new Error(`it ended with ${this.child.exitCode}:\n${this.told}`);
      }
      return this.#out.endsWith('\n') && readyLine.parse(JSON.parse(this.#out));
    });
  }

  /** Returns the exit code, or the signal. */
  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode ?? child.signalCode ?? 'SIGKILL';
  }

  /** Command lines of what is still there. */
  left(): readonly string[] {
    return processesAbout(this.folder).map(({ command }) => command);
  }

  pidOf(program: string): number {
    const found = processesAbout(this.folder).find(({ command }) => command.includes(program));
    if (found === undefined) {
      throw new Error(`no process ${program} among:\n${this.left().join('\n')}`);
    }
    return found.pid;
  }
}

/** Runs `kop` to its end. */
export async function runKop(args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = spawn(process.execPath, [kop, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  await once(child, 'close');
  return { code: child.exitCode, out };
}
