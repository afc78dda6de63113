import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ExporterDeps } from '../../exporters/runtime/exporter.js';
import { histogram } from '../../pack/metrics/index.js';
import { onPath } from '../support/stack/needed-tools.mjs';
import { eventually, exporter, Workbench } from './runtime-support.js';

type Program = 'prometheus' | 'victoria-metrics';

const bench = new Workbench();
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await bench.stopAll();
});
afterAll(() => bench.remove());

const took = histogram('sample_took_seconds', 'seconds', [], 'Took.', { bounds: [0.00001, 1, 1.5] });
const sample = {
  name: 'sample',
  create: (deps: ExporterDeps) => {
    deps.store.histogram(took).observe({}, 1);
    return exporter({ name: 'sample' }).create(deps);
  },
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** The scraping server under test, asked through the API that Prometheus and VictoriaMetrics share. */
async function scraping(program: Program, target: string): Promise<Asked> {
  const port = await freePort();
  const config = bench.write(
    `${program}.yml`,
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: kop
    static_configs: [{ targets: ['${target.replace('http://', '')}'] }]
`,
  );
  const data = mkdtempSync(bench.path('data-'));
  const flags =
    program === 'prometheus'
      ? [`--config.file=${config}`, `--storage.tsdb.path=${data}`, `--web.listen-address=127.0.0.1:${port}`]
      : [
          `-promscrape.config=${config}`,
          `-storageDataPath=${data}`,
          `-httpListenAddr=127.0.0.1:${port}`,
          '-search.latencyOffset=0s',
        ];
  const child = spawn(program, flags, { stdio: 'ignore' });
  children.push(child);
  // Rejects when there is no such program; nobody should wait a minute to hear that.
  await once(child, 'spawn');
  return new Asked(`http://127.0.0.1:${port}`);
}

/** Prometheus 2 always prefers OpenMetrics, and has no setting for it: this asks in its place. */
async function askingForText(target: string): Promise<string> {
  const server = createHttpServer((request, response) => {
    fetch(target + request.url, { headers: { accept: 'text/plain;version=0.0.4' } }).then(
      async (page) => {
        response.writeHead(page.status, { 'content-type': page.headers.get('content-type') ?? '' });
        response.end(await page.text());
      },
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

class Asked {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The series, once there are any. */
  series(query: string): Promise<unknown[]> {
    return eventually(async () => {
      const body = await this.#get(`/api/v1/query?query=${encodeURIComponent(query)}`);
      const result = body?.data?.result;
      return Array.isArray(result) && result.length > 0 ? result : undefined;
    }, 200);
  }

  async unitOf(metric: string): Promise<unknown> {
    return (await this.#get(`/api/v1/targets/metadata?metric=${metric}`))?.data?.[0]?.unit;
  }

  async #get(path: string) {
    try {
      const response = await fetch(this.#url + path);
      return JSON.parse(await response.text());
    } catch {
      return undefined;
    }
  }
}

async function readsThePage(server: Asked): Promise<void> {
  expect(await server.series('up{job="kop"} == 1')).toHaveLength(1);
  expect(await server.series('kop_build_info{exporter="sample"} == 1')).toHaveLength(1);
  expect(await server.series('kop_scrapes_refused_total == 0')).toHaveLength(1);
  expect(await server.series('process_cpu_seconds_total')).toHaveLength(1);
  for (const le of ['1e-05', '1.0', '1.5', '+Inf']) {
    expect(await server.series(`sample_took_seconds_bucket{le="${le}"}`)).toHaveLength(1);
  }
}

describe('the page is read', { timeout: 60_000 }, () => {
  it('by Prometheus, in OpenMetrics', async () => {
    const { url } = await bench.run({ factories: [sample] });
    const server = await scraping('prometheus', url);
    await readsThePage(server);
    // Only an OpenMetrics page says units.
    expect(await server.unitOf('kop_config_last_reload_success_timestamp_seconds')).toBe('seconds');
  });

  it('by Prometheus, in text', async () => {
    const { url } = await bench.run({ factories: [sample] });
    const server = await scraping('prometheus', await askingForText(url));
    await readsThePage(server);
    expect(await server.unitOf('kop_config_last_reload_success_timestamp_seconds')).toBe('');
  });

  it.skipIf(!onPath('victoria-metrics'))('by VictoriaMetrics, where there is one, in text', async () => {
    const { url } = await bench.run({ factories: [sample] });
    await readsThePage(await scraping('victoria-metrics', url));
  });
});
