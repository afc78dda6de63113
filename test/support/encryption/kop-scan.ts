import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { packageRoot, shippedPackPath } from '../../../pack/index.js';

const kop = join(packageRoot(), 'dist', 'cli', 'kop.js');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The compiled `kop encryption scan`, with this scan beside the description that the pack ships. */
export class KopScan {
  readonly folder = mkdtempSync(join(tmpdir(), 'kop-scan-cli-'));
  readonly #url: string;
  /** The files of its description. */
  readonly files = [shippedPackPath(), join(this.folder, 'mine.yaml')] as const;

  constructor(url: string, scan: Readonly<Record<string, unknown>>, keys: Readonly<Record<string, unknown>> = {}) {
    this.#url = url;
    const described = {
      database: { url: `\${env:KOP_TEST_URL}` },
      stateDirectory: join(this.folder, 'state'),
      ...scan,
    };
    writeFileSync(this.files[1], stringify({ encryption: { kingston: { keys, scan: described } } }));
  }

  start(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    const files = this.files.map((file) => `--config.file=${file}`);
    const child = spawn(process.execPath, [kop, 'encryption', 'scan', ...files, ...args], {
      env: { ...process.env, NO_COLOR: '1', KOP_TEST_URL: this.#url, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exit = new Promise<Pick<Ended, 'code' | 'signal'>>((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    const ended = Promise.all([exit, text(child.stdout), text(child.stderr)]).then(([how, stdout, stderr]) => ({
      ...how,
      stdout,
      stderr,
    }));
    return { child, ended };
  }

  run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(args, env).ended;
  }
}
