import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Deadline } from '../../../../../exporters/runtime/portal/deadline.js';

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

test('a deadline ends with the one above it, for the same reason', () => {
  const above = new AbortController();
  const limit = new Deadline(1000, above.signal);
  above.abort('stopping');
  expect(limit.reason).toBe('stopping');
  limit.clear();
});
