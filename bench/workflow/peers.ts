import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, type Measured, startServer } from '../support/process.js';

export interface Prober extends Measured {
  readonly name: string;
  readonly base: string;
  /** Makes the prober ask `/hold/MS`, and gives the duration it reports, in milliseconds. */
  probe(holdMs: number): Promise<number>;
}

const kop = fileURLToPath(new URL('../../cli/kop.js', import.meta.url));
const holdTarget = fileURLToPath(new URL('../support/target.js', import.meta.url));

export async function startTarget(): Promise<Measured & { readonly url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer(process.execPath, [holdTarget, String(port)], `${url}/hold/0`);
  return { ...server, url };
}

/** A pack with one single-step workflow per hold time, all on a slow schedule: it is probes that run them. */
export function holdingPack(target: string, holdsMs: readonly number[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'kop-bench-')), 'pack.yaml');
  const workflows = holdsMs.map(
    (hold) => `  hold-${hold}:
    { title: Hold ${hold}, team: platform, tier: bench, sla: 5s, objective: responsive, schedule: { interval: 15m, timeout: 10s },
      steps: [{ name: hold, path: /hold/${hold}, expect: { bodyMatches: ['"status":"healthy"'] } }] }`,
  );
  writeFileSync(file, `${packHead(target)}workflows:\n${workflows.join('\n')}\n`);
  return file;
}

export async function startOurs(target: string, holdsMs: readonly number[]): Promise<Prober> {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const server = await startExporter(holdingPack(target, holdsMs), port);
  return { ...server, name: 'ours', base, probe: (hold) => reportedMs(`${base}/probe?workflow=hold-${hold}`) };
}

/** The workflow exporter as users run it, ready for the first scrape. */
export function startExporter(pack: string, port: number): Promise<Measured> {
  const args = [kop, 'exporters', 'workflow-sla', '--config.file', pack];
  const flags = ['--web.listen-address', `127.0.0.1:${port}`, '--log.level', 'warn'];
  return startServer(process.execPath, [...args, ...flags], `http://127.0.0.1:${port}/-/ready`);
}

/** prometheus-blackbox-exporter, the usual peer, with the same check of the body. */
export async function startBlackbox(target: string): Promise<Prober> {
  const file = join(mkdtempSync(join(tmpdir(), 'kop-bench-')), 'blackbox.yml');
  writeFileSync(
    file,
    `modules:\n  http:\n    prober: http\n    timeout: 10s\n    http:\n      preferred_ip_protocol: ip4\n      fail_if_body_not_matches_regexp: ['"status":"healthy"']\n`,
  );
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const args = [`--config.file=${file}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'];
  const server = await startServer('prometheus-blackbox-exporter', args, `${base}/-/healthy`);
  const probe = (hold: number) =>
    reportedMs(`${base}/probe?module=http&target=${encodeURIComponent(`${target}/hold/${hold}`)}`);
  return { ...server, name: 'blackbox', base, probe };
}

export function packHead(target: string): string {
  return `portals:
  bench: { title: Bench, baseUrl: '${target}', limits: { maxInFlight: 64 } }
teams: { platform: { title: Platform } }
objectives: { responsive: { title: Responsive, target: 99%, period: 30d } }
`;
}

async function reportedMs(url: string): Promise<number> {
  const page = await (await fetch(url)).text();
  const seconds = Number(/^probe_duration_seconds (\S+)$/m.exec(page)?.[1]);
  if (!/^probe_success 1$/m.test(page)) throw new Error(`a probe failed: ${url}\n${page}`);
  return seconds * 1000;
}
