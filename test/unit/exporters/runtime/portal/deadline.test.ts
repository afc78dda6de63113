import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Deadline } from '../../../../../exporters/runtime/portal/deadline.js';
import { StepFailure } from '../../../../../exporters/runtime/portal/step-failure.js';

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

test('blames us for a time-out before which the portal had less than its time', () => {
  const above = new Deadline(1000);
  const limit = new Deadline(1000, above, { oursMs: () => 30 });
  above.abort(new StepFailure('timeout', 'no end after 1 s'));
  expect(limit.blame(limit.reason)).toMatchObject({ fault: 'dns-queue' });
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
