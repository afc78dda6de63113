import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Deadline } from '../../../../../exporters/runtime/portal/deadline.js';
import { StepFailure } from '../../../../../exporters/runtime/portal/step-failure.js';
import { timeTravel } from '../../../../support/workflow/time.js';

test('a deadline ends with a time-out that says how long it was', async () => {
  const limit = new Deadline(5);
  await pause(50);
  expect(limit.reason).toMatchObject({ reason: 'timeout', message: 'no end after 5 ms' });
});

test('a deadline longer than a timer can hold does not end at once', async () => {
  const limit = new Deadline(30 * 86_400_000);
  await pause(50);
  expect(limit.aborted).toBe(false);
  limit.clear();
});

test('gives back, once, what was waited for ours', async () => {
  const start = performance.now();
  const limit = new Deadline(20, undefined, { oursMs: () => 30 });
  const ended = new Promise<number>((resolve) => {
    limit.addEventListener('abort', () => resolve(performance.now() - start));
  });
  expect(await ended).toBeGreaterThan(45);
  expect(limit.blame(limit.reason)).toBe(limit.reason);
});

test.each([
  ['a tenth of it', 1000, 9000, 'dns-queue'],
  ['all of it', 100, 95, 'dns-queue'],
  ['less', 900, 10_000, undefined],
  ['some milliseconds of a long one', 50, 10_000, undefined],
  ['what the code itself takes', 4, 4, undefined],
])('blames us for a time-out of which %s was ours', (_, lostMs, wholeMs, fault) => {
  const passTime = timeTravel();
  const above = new Deadline(60_000);
  const limit = new Deadline(60_000, above, { oursMs: () => lostMs });
  passTime(wholeMs);
  above.abort(new StepFailure('timeout', 'no end'));
  const blamed = limit.blame(limit.reason);
  expect(blamed).toMatchObject(fault === undefined ? { reason: 'timeout' } : { fault });
  const other = new StepFailure('protocol', 'cut');
  expect(limit.blame(other)).toBe(other);
  limit.clear();
  above.clear();
});

test('a deadline ends with the one above it, for the same reason', () => {
  const above = new AbortController();
  const limit = new Deadline(1000, above.signal);
  above.abort('stopping');
  expect(limit.reason).toBe('stopping');
  limit.clear();
});
