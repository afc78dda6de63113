import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MetricStore, renderFamilies } from '../../../../exporters/runtime/metrics/index.js';
import { WorkflowMetrics } from '../../../../exporters/workflow-sla/metrics.js';
import type { Job } from '../../../../exporters/workflow-sla/plan.js';
import { dropReasons, uncertainReasons } from '../../../../pack/metrics/index.js';
import { job, step } from '../../../support/workflow/domain.js';
import { TestEngine } from '../../../support/workflow/engine.js';
import { httpServer, json } from '../../../support/workflow/server.js';

const EPOCH = 1_700_000_000_000;
const INTERVAL_MS = 20_000;
/** How much further the clock is than the timers: this thread was held up. */
let heldUpMs = 0;

beforeEach(() => {
  heldUpMs = 0;
  vi.useFakeTimers({ now: EPOCH, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => Number(vi.getMockedSystemTime()) - EPOCH + heldUpMs);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** An engine whose reports become a page, as in the exporter. */
class Measured {
  readonly engine: TestEngine;
  readonly #metrics = new WorkflowMetrics(new MetricStore());

  constructor(jobs: readonly Job[]) {
    this.#metrics.configure(jobs);
    this.engine = new TestEngine(jobs);
  }

  /** Lets simulated time pass. What goes over sockets is real, and gets the turns of the loop that it needs. */
  async passTo(ms: number): Promise<void> {
    while (performance.now() < ms) {
      for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      const isBusy = this.engine.engine.state().portals.some(({ running }) => running > 0);
      vi.advanceTimersByTime(Math.min(isBusy ? 10 : 250, ms - performance.now()));
    }
  }

  /** What the page says of the workflow: the last label of each series, and its value. */
  counts(): Record<string, number> {
    for (const report of this.engine.reports.splice(0)) {
      if (report.type === 'run') this.#metrics.record(report.result);
      else if (report.type === 'dropped') this.#metrics.recordDrop(report);
    }
    const page = renderFamilies(this.#metrics.families(), 'text');
    const series =
      /^workflow_(?:sla_)?runs(?:_(\w+))?_total\{portal="kingston",workflow="client-list"(?:,\w+="([\w-]+)")?\} (\d+)$/gm;
    return Object.fromEntries(
      [...page.matchAll(series)].map(([, name, label, value]) => [label ?? name, Number(value)]),
    );
  }
}

/** Every turn of a schedule, whatever became of it. */
function turnsIn(counts: Readonly<Record<string, number>>): number {
  return ['met', 'missed', ...uncertainReasons, ...dropReasons].reduce(
    (sum, name) => sum + (counts[name] ?? Number.NaN),
    0,
  );
}

/** A look-up of a name happens in another thread, and so takes as long as the machine likes. */
const numeric = (url: string) => url.replace('localhost', '127.0.0.1');

const schedule = { intervalMs: INTERVAL_MS, timeoutMs: 30_000, warmupRuns: 0 };
const limits = { maxInFlight: 1, backoffInitialMs: 15_000, backoffMaxMs: 60_000 };

test('in an hour of all that can happen, every turn of the schedule is counted exactly once', {
  timeout: 120_000,
}, async () => {
  let firstMs: number | undefined;
  const server = await httpServer((request, response) => {
    const answer = (afterMs: number, status = 200) => void setTimeout(() => json(response, {}, status), afterMs);
    if (request.url === '/other') {
      answer(55_000);
      return;
    }
    firstMs ??= performance.now();
    switch (Math.round((performance.now() - firstMs) / INTERVAL_MS)) {
      case 10: // An error.
        answer(10, 500);
        break;
      case 20: // Slow.
        answer(3000);
        break;
      case 30: // Disturbed, and in time all the same.
        heldUpMs += 400;
        answer(0);
        break;
      case 40: // Disturbed, and nobody can tell.
        heldUpMs += 2500;
        answer(0);
        break;
      case 50: // Slower than its interval.
        answer(25_000);
        break;
      case 60: // A time-out, after which the portal is left alone.
        break;
      default:
        answer(10);
    }
  });
  const list = job(numeric(server.url), { portal: { limits }, workflow: { slaSeconds: 2, schedule } });
  const other = job(numeric(server.url), {
    portal: { limits },
    workflow: {
      name: 'other',
      steps: [step({ path: '/other' })],
      schedule: { intervalMs: 10_000_000, timeoutMs: 60_000 },
    },
  });
  const measured = new Measured([list, other]);
  measured.engine.engine.start();
  await measured.passTo(30_000);
  const begin = firstMs ?? Number.NaN;
  const at = (turn: number) => begin + turn * INTERVAL_MS;

  await measured.passTo(at(90.5));
  heldUpMs += 65_000; // The process was stopped, as by SIGSTOP.
  await measured.passTo(at(120.5));
  const probe = measured.engine.run(other, { timeoutMs: 60_000 });
  await measured.passTo(at(180.5));
  await probe;

  const counts = measured.counts();
  expect(counts).toMatchObject({ 'event-loop': 1, tainted: 2 });
  for (const name of ['met', 'missed', 'overlap', 'late', 'backoff', 'busy'])
    expect(counts[name], name).toBeGreaterThan(0);
  expect(turnsIn(counts)).toBe(181);
});

describe('a turn', () => {
  const quick = { intervalMs: 1000, timeoutMs: 900, warmupRuns: 1 };

  test('that has to serve as warm-up counts as that; a warm-up that was not possible is no turn', async () => {
    let requests = 0;
    const server = await httpServer((request, response) => {
      if (request.url === '/hangs') return;
      requests += 1;
      json(response, {});
    });
    const portal = { limits: { ...limits, backoffInitialMs: 5500 } };
    const list = job(numeric(server.url), { portal, workflow: { schedule: quick } });
    const steps = [step({ path: '/hangs' })];
    const other = job(numeric(server.url), {
      portal,
      workflow: { name: 'other', steps, schedule: { timeoutMs: 100 } },
    });
    const measured = new Measured([list, other]);
    // The portal rests already when the first workflow would warm up.
    const hanging = measured.engine.run(other);
    measured.engine.engine.start();
    await measured.passTo(20_000);
    await hanging;
    const counts = measured.counts();
    expect(counts).toMatchObject({ 'warm-up': 1, missed: 0 });
    expect(counts.backoff).toBeGreaterThan(1);
    expect(counts.met).toBe(requests - 1);
  });

  test('whose run is given up, by a reload or at the end, counts as dropped', async () => {
    const server = await httpServer(() => {});
    const list = job(numeric(server.url), { workflow: { schedule: { ...quick, timeoutMs: 50_000, warmupRuns: 0 } } });
    const measured = new Measured([list]);
    measured.engine.engine.start();
    await measured.passTo(5000);
    const before = measured.counts();
    measured.engine.engine.configure([{ ...list, workflow: { ...list.workflow, title: 'Renamed' } }]);
    await measured.passTo(52_000);
    expect(measured.counts()).toMatchObject({ reload: 1, met: 0, missed: 0 });
    expect(before).toMatchObject({ reload: 0, shutdown: 0 });
    const stopped = measured.engine.engine.stop(0);
    await measured.passTo(53_000);
    await stopped;
    expect(measured.counts()).toMatchObject({ reload: 1, shutdown: 1, met: 0, missed: 0 });
  });
});
