/** CPU per single-step probe beside blackbox_exporter, and what a busy hour of scheduled journeys costs. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/process.js';
import { report } from '../support/report.js';
import { median } from '../support/stats.js';
import { type Prober, packHead, startBlackbox, startExporter, startOurs, startTarget } from './peers.js';

const ROUNDS = 5;
const PROBES = 1500;
const CONCURRENCY = 10;
const ALLOWED_SHARE_OF_PEER = 0.6;
const ALLOWED_CORE_SHARE = 0.05;
const ALLOWED_RSS_MB = 150;
const WATCH_SECONDS = 45;
const SCHEDULED_PER_SECOND = 600;
const SETTLE_MS = 5000;

const target = await startTarget();
const ours = await startOurs(target.url, [0]);
const peer = await startBlackbox(target.url);
try {
  for (const prober of [ours, peer]) await probeMany(prober, PROBES * 2);
  const shares: number[] = [];
  const costs = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const mine = await cpuPerProbe(ours);
    const theirs = await cpuPerProbe(peer);
    costs.ours.push(mine);
    costs.peer.push(theirs);
    shares.push(mine / theirs);
  }
  const share = median(shares);
  const paced = await cpuPerPacedProbe(peer);
  const scheduled = await cpuPerScheduledRun(target.url);
  const scheduledShare = scheduled / paced;
  const busy = await scheduledLoad(target.url);
  report('Cost of measuring', [
    {
      what: `CPU per single-step run on our schedule, ${SCHEDULED_PER_SECOND} a second`,
      ours: `${scheduled.toFixed(3)} ms`,
      peer: `${paced.toFixed(3)} ms (blackbox, asked as often)`,
      limit: `<= ${ALLOWED_SHARE_OF_PEER} of peer; is ${scheduledShare.toFixed(2)}`,
      holds: scheduledShare <= ALLOWED_SHARE_OF_PEER,
    },
    {
      what: `CPU per /probe, ${ROUNDS} rounds of ${PROBES}, ${CONCURRENCY} at once`,
      ours: `${median(costs.ours).toFixed(3)} ms`,
      peer: `${median(costs.peer).toFixed(3)} ms (blackbox)`,
      limit: `<= ${ALLOWED_SHARE_OF_PEER} of peer; is ${share.toFixed(2)}`,
      holds: share <= ALLOWED_SHARE_OF_PEER,
    },
    {
      what: '100 workflows of 5 steps every 15 s',
      ours: `${(busy.coreShare * 100).toFixed(1)} % of a core`,
      peer: '-',
      limit: `< ${ALLOWED_CORE_SHARE * 100} %`,
      holds: busy.coreShare < ALLOWED_CORE_SHARE,
    },
    {
      what: 'memory of that process (RSS)',
      ours: `${busy.rssMb.toFixed(0)} MB`,
      peer: `${peer.rssMb().toFixed(0)} MB (blackbox)`,
      limit: `<= ${ALLOWED_RSS_MB} MB`,
      holds: busy.rssMb <= ALLOWED_RSS_MB,
    },
  ]);
} finally {
  await Promise.all([ours.stop(), peer.stop(), target.stop()]);
}

async function cpuPerProbe(prober: Prober): Promise<number> {
  const before = prober.cpuMs();
  await probeMany(prober, PROBES);
  return (prober.cpuMs() - before) / PROBES;
}

async function probeMany(prober: Prober, count: number): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await prober.probe(0);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** As many a second as our schedule has, spread as evenly: probes that come one by one cost anybody more than a rush. */
async function cpuPerPacedProbe(prober: Prober): Promise<number> {
  const under = new Set<Promise<unknown>>();
  let asked = 0;
  const pace = async (ms: number) => {
    const start = performance.now();
    const before = asked;
    while (performance.now() - start < ms) {
      while (asked - before < ((performance.now() - start) / 1000) * SCHEDULED_PER_SECOND) {
        asked += 1;
        const probe = prober.probe(0).finally(() => under.delete(probe));
        under.add(probe);
      }
      await sleep(1);
    }
    await Promise.all(under);
  };
  await pace(SETTLE_MS);
  const [cpuBefore, askedBefore] = [prober.cpuMs(), asked];
  await pace(20_000);
  return (prober.cpuMs() - cpuBefore) / (asked - askedBefore);
}

/** The way we mostly measure: nobody asks, the schedule does. The peer knows no such mode; it is asked each time. */
async function cpuPerScheduledRun(url: string): Promise<number> {
  const step = '{ name: hold, path: /hold/0, expect: { bodyMatches: [healthy] } }';
  const workflows = Array.from(
    { length: SCHEDULED_PER_SECOND },
    (_, i) =>
      `  w${i}: { title: W${i}, team: platform, tier: bench, sla: 500ms, objective: responsive, schedule: { interval: 1s, timeout: 900ms }, steps: [${step}] }`,
  );
  const file = join(mkdtempSync(join(tmpdir(), 'kop-bench-')), 'pack.yaml');
  writeFileSync(file, `${packHead(url)}workflows:\n${workflows.join('\n')}\n`);
  const port = await freePort();
  const server = await startExporter(file, port);
  try {
    await sleep(SETTLE_MS);
    const runsBefore = await countedRuns(port);
    const cpuBefore = server.cpuMs();
    await sleep(20_000);
    const cpu = server.cpuMs() - cpuBefore;
    return cpu / ((await countedRuns(port)) - runsBefore);
  } finally {
    await server.stop();
  }
}

async function countedRuns(port: number): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return [...page.matchAll(/^workflow_sla_runs_total\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

async function scheduledLoad(url: string): Promise<{ coreShare: number; rssMb: number }> {
  const steps = Array.from(
    { length: 5 },
    (_, i) => `{ name: s${i}, path: /hold/0, expect: { json: [{ path: $.status, equals: healthy }] } }`,
  );
  const workflows = Array.from(
    { length: 100 },
    (_, i) =>
      `  w${i}: { title: W${i}, team: platform, tier: bench, sla: 1s, objective: responsive, schedule: { interval: 15s }, steps: [${steps.join(', ')}] }`,
  );
  const file = join(mkdtempSync(join(tmpdir(), 'kop-bench-')), 'pack.yaml');
  writeFileSync(file, `${packHead(url)}workflows:\n${workflows.join('\n')}\n`);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const server = await startExporter(file, port);
  try {
    const before = server.cpuMs();
    for (let second = 0; second < WATCH_SECONDS; second += 15) {
      await fetch(`${base}/metrics`).then((response) => response.text());
      await sleep(15_000);
    }
    return { coreShare: (server.cpuMs() - before) / (WATCH_SECONDS * 1000), rssMb: server.rssMb() };
  } finally {
    await server.stop();
  }
}
