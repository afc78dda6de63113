import { performance } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { job, step } from '../../../support/workflow/domain.js';
import { httpServer, json } from '../../../support/workflow/server.js';
import { heldUp, Measured, numeric, simulateTime, turnsIn } from '../../../support/workflow/simulated.js';

const INTERVAL_MS = 20_000;

simulateTime();

const schedule = { intervalMs: INTERVAL_MS, timeoutMs: 30_000, warmupRuns: 0 };
const limits = { maxInFlight: 1, abandonedAfterMs: 60_000 };

test('in an hour of all that can happen, every turn of the schedule is counted exactly once', {
  timeout: 120_000,
}, async () => {
  let firstMs: number | undefined;
  const server = await httpServer((request, response) => {
    const answer = (afterMs: number, status = 200, headers = {}) =>
      void setTimeout(() => json(response, {}, status, headers), afterMs);
    if (request.url === '/other') {
      answer(55_000);
      return;
    }
    firstMs ??= performance.now();
    switch (Math.round((performance.now() - firstMs) / INTERVAL_MS)) {
      case 10: // An error.
        answer(10, 500);
        break;
      case 15: // Not now: the next two turns send nothing.
        answer(10, 503, { 'retry-after': '45' });
        break;
      case 20: // Slow.
        answer(3000);
        break;
      case 30: // Disturbed, and in time all the same.
        heldUp.ms += 400;
        answer(0);
        break;
      case 40: // Disturbed, and nobody can tell.
        heldUp.ms += 2500;
        answer(0);
        break;
      case 50: // Slower than its interval.
        answer(25_000);
        break;
      case 60: // A time-out: it stays open, and has the only place, until it is given up.
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
  measured.engine.start();
  await measured.passTo(30_000);
  const begin = firstMs ?? Number.NaN;
  const at = (turn: number) => begin + turn * INTERVAL_MS;

  await measured.passTo(at(90.5));
  heldUp.ms += 65_000; // The process was stopped, as by SIGSTOP.
  await measured.passTo(at(120.5));
  const probe = measured.test.run(other, { timeoutMs: 60_000 });
  await measured.passTo(at(180.5));
  await probe;

  const counts = measured.counts();
  expect(counts).toMatchObject({ uncertain: { 'event-loop': 1 }, tainted: 2 });
  expect(counts.met).toBeGreaterThan(0);
  expect(counts.missed).toBeGreaterThan(counts.unanswered);
  expect(counts.unanswered).toBeGreaterThan(1);
  for (const reason of ['overlap', 'late', 'busy']) expect(counts.dropped[reason], reason).toBeGreaterThan(0);
  expect(turnsIn(counts)).toBe(181);
});

describe('a turn', () => {
  const quick = { intervalMs: 1000, timeoutMs: 900, warmupRuns: 1 };

  test('whose run is given up, by a reload or at the end, counts as dropped', async () => {
    const server = await httpServer(() => {});
    const list = job(numeric(server.url), { workflow: { schedule: { ...quick, timeoutMs: 50_000, warmupRuns: 0 } } });
    const measured = new Measured([list]);
    measured.engine.start();
    await measured.passTo(5000);
    const before = measured.counts();
    measured.engine.configure([{ ...list, workflow: { ...list.workflow, title: 'Renamed' } }]);
    await measured.passTo(52_000);
    expect(measured.counts()).toMatchObject({ dropped: { reload: 1 }, met: 0, missed: 0 });
    expect(before).toMatchObject({ dropped: { reload: 0, shutdown: 0 } });
    const stopped = measured.engine.stop(0);
    await measured.passTo(53_000);
    await stopped;
    expect(measured.counts()).toMatchObject({ dropped: { reload: 1, shutdown: 1 }, met: 0, missed: 0 });
  });
});
