/**
 * The page's thread is blocked for 250 ms of every second, as by rendering a huge page. The error of what the measuring
 * thread reports, beside the same engine in the blocked thread.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '../../exporters/runtime/log.js';
import { Redactor } from '../../exporters/runtime/redactor.js';
import { Engine } from '../../exporters/workflow/engine.js';
import { MeasuringThread } from '../../exporters/workflow/measuring-thread.js';
import { workflowJobsOf } from '../../exporters/workflow/plan.js';
import type { ProbeAnswer } from '../../exporters/workflow/protocol.js';
import { loadPack } from '../../pack/index.js';
import { ms, report } from '../support/report.js';
import { quantile } from '../support/stats.js';
import { holdingPack, startTarget } from './peers.js';

const HOLD_MS = 50;
const SAMPLES = 150;
const BLOCK_MS = 250;
const ALLOWED_P95_MS = 5;

const target = await startTarget();
const jobs = workflowJobsOf(loadPack([holdingPack(target.url, [HOLD_MS])]));
const thread = new MeasuringThread({ log: silentLogger, onReport: () => {} });
await thread.configure(jobs);
const sameThread = new Engine(new Redactor(), () => {});
sameThread.configure(jobs);

const blocker = setInterval(() => {
  const end = performance.now() + BLOCK_MS;
  while (performance.now() < end);
}, 1000);
try {
  const ours = await errors(() => thread.probe(`hold-${HOLD_MS}`, 'bench', 5000));
  const theirs = await errors(() => sameThread.probe(`hold-${HOLD_MS}`, 'bench', 'probe', 5000));
  const [mine, peer] = [quantile(ours, 0.95), quantile(theirs, 0.95)];
  report('Main thread blocked for 250 ms of every second', [
    {
      what: `error of a ${HOLD_MS} ms request, p95 of ${SAMPLES}`,
      ours: `${ms(mine)}, at worst ${ms(Math.max(...ours))}`,
      peer: `${ms(peer)}, at worst ${ms(Math.max(...theirs))} (in the blocked thread)`,
      limit: `<= ${ALLOWED_P95_MS} ms`,
      holds: mine <= ALLOWED_P95_MS,
    },
  ]);
} finally {
  clearInterval(blocker);
  await Promise.all([thread.stop(100), sameThread.stop(100), target.stop()]);
}

async function errors(probe: () => Promise<ProbeAnswer | undefined>): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    await fetch(`${target.url}/holds`);
    const answer = await probe();
    if (answer?.kind !== 'ran') throw new Error(`a probe did not run: ${JSON.stringify(answer)}`);
    const holds: unknown = await (await fetch(`${target.url}/holds`)).json();
    const held = Array.isArray(holds) ? Number(holds[0]) : Number.NaN;
    found.push(answer.result.durationSeconds * 1000 - held);
    await sleep(7);
  }
  return found.slice(10);
}
