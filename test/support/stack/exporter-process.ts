import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../../pack/index.js';
import { eventually } from './eventually.js';

export interface ExporterOptions {
  readonly configFiles: readonly string[];
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Which exporters; all without it. */
  readonly names?: readonly string[];
}

/** `kop exporters` as an operator runs it, which can be killed and started again on the same port. */
export class ExporterProcess {
  readonly address: string;
  readonly #options: ExporterOptions;
  #child: ChildProcess | undefined;
  #log = '';

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.address = `http://127.0.0.1:${options.port}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the exporter was not started');
    return pid;
  }

  /** What it has written to standard error. */
  get log(): string {
    return this.#log;
  }

  async start(): Promise<void> {
    const { configFiles, port, env, names = [] } = this.#options;
    const args = [
      join(packageRoot(), 'dist', 'cli', 'kop.js'),
      'exporters',
      ...names,
      ...configFiles.map((file) => `--config.file=${file}`),
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
    });
    this.#child = child;
    await eventually('the exporter is ready', 30_000, async () => {
      if (child.exitCode !== null) {
        throw new Error(`the exporter ended with ${child.exitCode}:\n${this.#log}`);
      }
      return (await fetch(`${this.address}/-/ready`)).ok;
    });
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
  }

  /** The value of one series, by its exact text on the page. */
  async value(series: string): Promise<number> {
    const page = await (await fetch(`${this.address}/metrics`)).text();
    const line = page.split('\n').find((one) => one.startsWith(`${series} `));
    if (line === undefined) {
      throw new Error(`${series} is not on the page`);
    }
    return Number(line.slice(series.length + 1));
  }
}
