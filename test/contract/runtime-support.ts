import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Exporter, ExporterFactory } from '../../exporters/runtime/exporter.js';
import { type RunningExporters, type RunOptions, runExporters } from '../../exporters/runtime/run.js';
import { wholeShard } from '../../exporters/runtime/shard.js';

/** A folder of its own for each test file, gone afterwards. */
export class Workbench {
  readonly folder = mkdtempSync(join(tmpdir(), 'kop-runtime-'));
  readonly log: string[] = [];
  readonly #running: RunningExporters[] = [];

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** On a port that the system chooses; `url` has no slash at its end. */
  async run(options: Partial<RunOptions> = {}): Promise<RunningExporters & { readonly url: string }> {
    const running = await runExporters({
      factories: [],
      configFiles: [this.write('pack.yaml', smallPack)],
      listenAddresses: [{ host: '127.0.0.1', port: 0 }],
      logLevel: 'debug',
      logFormat: 'logfmt',
      shard: wholeShard,
      maxRequests: 40,
      drainMs: 2000,
      writeLog: (line) => this.log.push(line),
      ...options,
    });
    this.#running.push(running);
    return { ...running, url: `http://127.0.0.1:${running.addresses[0]?.port}` };
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((running) => running.stop()));
    this.log.length = 0;
  }

  async remove(): Promise<void> {
    await this.stopAll();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const smallPack = `portals:
  demo: { title: Demo, baseUrl: "http://127.0.0.1:1" }
calendars:
  office: { timeZone: Europe/London, weekdays: Monday-Friday, hours: 08:00-18:00, holidays: england-and-wales }
`;

/** An exporter that does nothing, except what a test gives it to do. */
export function exporter(parts: Partial<Exporter> & { readonly name: string }): {
  readonly name: string;
  readonly create: ExporterFactory;
} {
  return {
    name: parts.name,
    create: () => ({
      collectors: [],
      configure: () => Promise.resolve(),
      start: () => Promise.resolve(),
      ready: () => ({ ready: true }),
      stop: () => Promise.resolve(),
      ...parts,
    }),
  };
}

/** Asks again until the answer is there: nothing is said about how long it may take, short of the test's own limit. */
export async function eventually<T>(ask: () => Promise<T | undefined> | T | undefined, pauseMs = 50): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
