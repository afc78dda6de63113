import { execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { percentiles } from '../../exporters/encryption/probe/percentiles.js';
import { encodeJob, type ProbeJob } from '../../exporters/encryption/probe/plan.js';
import type { ProbeCommand, ProbeReport, RoundResult } from '../../exporters/encryption/probe/protocol.js';
import type { ThreadReport } from '../../exporters/runtime/measuring/thread.js';
import { MetricStore, renderFamilies } from '../../exporters/runtime/metrics/index.js';
import { loadPack } from '../../pack/index.js';
import { gauge } from '../../pack/metrics/index.js';
import { freePort, startServer } from '../support/process.js';
import { type Figure, ms } from '../support/report.js';

const SERIES = 100_000;
const BLOCK_MS = 250;
const ALLOWED_MS = 1;
const SAMPLES = 400;

const run = promisify(execFile);
const client = fileURLToPath(new URL('../support/sealing-client.js', import.meta.url));
const target = fileURLToPath(new URL('../support/sealing-target.js', import.meta.url));
const worker = new URL('../../exporters/encryption/worker.js', import.meta.url);

/**
 * The measuring thread while the main thread is disturbed as much as possible: the main thread is blocked for a quarter
 * of each second, and renders a page of 100,000 series in the rest. The reported times are compared with those of a
 * bare client that runs alone on the machine; the times that the service itself records do not include the network.
 */
export async function disturbance(): Promise<readonly Figure[]> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = await startServer(process.execPath, [target, String(port)], `${url}/holds`);
  try {
    await takeHolds(url);
    const trueMs = await alone(url);
    await takeHolds(url);
    const quiet = await measured(url, async (round) => round);
    const store = filledStore();
    let pages = 0;
    const hindered = await measured(url, async (round) => {
      let isOver = false;
      const result = round.finally(() => {
        isOver = true;
      });
      while (!isOver) {
        renderFamilies(store.families(), 'text');
        pages += 1;
        const until = performance.now() + BLOCK_MS;
        while (performance.now() < until);
        // Long enough for messages and timers of this thread, and no longer.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return result;
    });
    return [
      figure('p99 in peace', quiet, trueMs),
      figure(`p99 with blocks of ${BLOCK_MS} ms and ${pages} pages of ${SERIES} series`, hindered, trueMs),
      {
        what: 'samples said to be tainted, of all',
        ours: `${hindered.tainted} of ${hindered.all}`,
        peer: `${quiet.tainted} of ${quiet.all} in peace`,
        limit: 'told apart',
        holds: hindered.tainted < hindered.all,
      },
    ];
  } finally {
    await service.stop();
  }
}

async function alone(url: string): Promise<number> {
  const { stdout } = await run(process.execPath, [client, url, String(SAMPLES)]);
  const took: unknown = JSON.parse(stdout);
  const seen = percentiles(Array.isArray(took) ? took.map(Number) : []);
  if (seen === undefined) throw new Error('the bare client saw nothing');
  return seen.p99;
}

interface Compared {
  readonly reportedMs: number;
  /** By the service. */
  readonly notedMs: number;
  readonly tainted: number;
  readonly all: number;
}

function figure(what: string, { reportedMs, notedMs }: Compared, trueMs: number): Figure {
  const apart = Math.abs(reportedMs - trueMs);
  return {
    what,
    ours: ms(reportedMs),
    peer: `${ms(trueMs)} by a bare client, ${ms(notedMs)} noted by the service`,
    limit: `within ${ALLOWED_MS} ms; is ${apart.toFixed(2)}`,
    holds: apart <= ALLOWED_MS,
  };
}

async function measured(url: string, during: (round: Promise<RoundResult>) => Promise<RoundResult>): Promise<Compared> {
  const thread = new Worker(worker);
  const say = (...commands: ProbeCommand[]) => thread.postMessage(JSON.stringify(commands));
  const round = new Promise<RoundResult>((resolve, reject) => {
    thread.on('message', (text: string) => {
      const reports: (ProbeReport | ThreadReport)[] = JSON.parse(text);
      for (const report of reports) if (report.type === 'round') resolve(report.result);
    });
    thread.once('error', reject);
  });
  try {
    say({ type: 'configure', job: encodeJob(jobOf(url)) }, { type: 'start' });
    const { series, isUsable, problem } = await during(round);
    if (!isUsable) throw new Error(problem ?? 'the service could not be used');
    const single = series.filter(({ operation }) => operation !== 'round_trip');
    const reported = percentiles(single.flatMap(({ seconds }) => seconds));
    const noted = percentiles(await takeHolds(url));
    if (reported === undefined || noted === undefined) throw new Error('nothing was measured');
    const tainted = single.reduce((sum, one) => sum + one.tainted, 0);
    return { reportedMs: reported.p99 * 1000, notedMs: noted.p99, tainted, all: reported.count + tainted };
  } finally {
    await thread.terminate();
  }
}

function jobOf(url: string): ProbeJob {
  const { portals } = loadPack([], { requireSecrets: false });
  const [portal] = portals;
  if (portal === undefined) throw new Error('the shipped pack describes no portal');
  return {
    portal: { ...portal, baseUrl: url },
    provider: {
      name: 'service',
      kind: 'endpoint',
      encryptPath: '/encrypt',
      decryptPath: '/decrypt',
      authenticated: false,
      binds: 'context',
      deterministic: false,
    },
    // Half of the interval is the round's, and the samples fit into it.
    probe: { intervalMs: 120_000, timeoutMs: 5000, samples: SAMPLES, sizesBytes: [256] },
    slaSeconds: 0.01,
    title: 'Bench',
    team: 'security',
  };
}

function filledStore(): MetricStore {
  const store = new MetricStore({ maxSeriesPerMetric: SERIES });
  const metric = store.gauge(gauge('bench_page_seconds', 'seconds', ['portal', 'workflow', 'step'], 'A page.'));
  for (let one = 0; one < SERIES; one += 1) {
    metric.set({ portal: 'kingston', workflow: `workflow-${one % 100}`, step: `step-${one}` }, one / 7);
  }
  return store;
}

async function takeHolds(url: string): Promise<number[]> {
  const holds: unknown = await (await fetch(`${url}/holds`)).json();
  return Array.isArray(holds) ? holds.map(Number) : [];
}
