/** Rendering a page of 10,000 series, beside prom-client alone, and a page with a collector that hangs. */
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Gauge, Registry } from 'prom-client';
import { CollectorRunner } from '../exporters/runtime/collector-runner.js';
import { GZIP_LEVEL } from '../exporters/runtime/http/compress.js';
import { silentLogger } from '../exporters/runtime/log.js';
import { MetricStore, renderFamilies } from '../exporters/runtime/metrics/index.js';
import { gauge } from '../pack/metrics/index.js';
import { ms, report } from './support/report.js';
import { median } from './support/stats.js';

const SERIES = 10_000;
const LARGE_SERIES = 161_000;
const ROUNDS = 60;
const ALLOWED_MS = 10;
const BUDGET_MS = 400;

const labels = ['portal', 'workflow', 'step'] as const;
const store = new MetricStore({ maxSeriesPerMetric: SERIES });
const ours = store.gauge(gauge('bench_page_seconds', 'seconds', labels, 'A page.'));
const registry = new Registry();
const theirs = new Gauge({ name: 'bench_page_seconds', help: 'A page.', labelNames: labels, registers: [registry] });
for (let i = 0; i < SERIES; i += 1) {
  const set = { portal: 'kingston', workflow: `workflow-${i % 100}`, step: `step-${i}` };
  ours.set(set, i / 7);
  theirs.set(set, i / 7);
}

const mine: number[] = [];
const peer: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  mine.push(await timed(() => Buffer.from(renderFamilies(store.families(), 'text'))));
  peer.push(await timed(async () => Buffer.from(await registry.metrics())));
}
const large = new MetricStore({ maxSeriesPerMetric: LARGE_SERIES });
const gauges = large.gauge(gauge('bench_large_page_seconds', 'seconds', labels, 'A large page.'));
for (let i = 0; i < LARGE_SERIES; i += 1) {
  gauges.set({ portal: 'kingston', workflow: `workflow-${i % 1000}`, step: `step-${i}` }, i / 7);
}
const page = Buffer.from(renderFamilies(large.families(), 'text'));
const zip = promisify(gzip);
const zipping = await compression(page, GZIP_LEVEL);
const otherLevels = [];
for (const level of [1, 6]) otherLevels.push({ level, ...(await compression(page, level)) });
const hanging = await pageWithHangingCollector();
report('The page', [
  {
    what: `${SERIES} series, median of ${ROUNDS}`,
    ours: ms(median(mine)),
    peer: `${ms(median(peer))} (prom-client)`,
    limit: `<= ${ALLOWED_MS} ms`,
    holds: median(mine) <= ALLOWED_MS,
  },
  {
    what: `${LARGE_SERIES} series as gzip, level ${GZIP_LEVEL}: size, and time in another thread`,
    ours: `${megabytes(zipping.bytes)} in ${ms(zipping.tookMs)}`,
    peer: `${megabytes(page.length)} (plain)`,
    limit: 'a tenth of the size',
    holds: zipping.bytes <= page.length / 10,
  },
  {
    what: 'longest wait of the main thread meanwhile',
    ours: ms(zipping.blockedMs),
    peer: '-',
    limit: '<= 50 ms',
    holds: zipping.blockedMs <= 50,
  },
  ...otherLevels.map(({ level, bytes, tookMs, blockedMs }) => ({
    what: `the same at level ${level}`,
    ours: `${megabytes(bytes)} in ${ms(tookMs)}, longest wait ${ms(blockedMs)}`,
    peer: '-',
    limit: 'for comparison',
    holds: true,
  })),
  {
    what: `page with a hanging collector, budget ${BUDGET_MS} ms`,
    ours: ms(hanging),
    peer: 'for ever (prom-client)',
    limit: `<= ${BUDGET_MS + 50} ms`,
    holds: hanging <= BUDGET_MS + 50,
  },
]);

async function timed(render: () => unknown): Promise<number> {
  const start = performance.now();
  await render();
  return performance.now() - start;
}

/** The main thread's longest pause is what another scrape would wait. */
async function compression(page: Buffer, level: number): Promise<{ bytes: number; tookMs: number; blockedMs: number }> {
  let blockedMs = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    blockedMs = Math.max(blockedMs, performance.now() - last - 1);
    last = performance.now();
  }, 1);
  const start = performance.now();
  const { length: bytes } = await zip(page, { level });
  const tookMs = performance.now() - start;
  clearInterval(beat);
  return { bytes, tookMs, blockedMs };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

async function pageWithHangingCollector(): Promise<number> {
  const runner = new CollectorRunner([{ name: 'hangs', collect: () => new Promise(() => {}) }], silentLogger);
  return timed(() => runner.collect({ budgetMs: BUDGET_MS, now: new Date() }));
}
