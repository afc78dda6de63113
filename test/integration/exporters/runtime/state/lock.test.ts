import { mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { lockDirectory } from '../../../../../exporters/runtime/state/lock.js';

afterEach(() => vi.useRealTimers());

test('the file system says when a holder last lived, whatever the clock of the holder says', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kop-lock-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const startedAt = Date.now();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  // A clock that was set back by an hour.
  vi.setSystemTime(startedAt - 3_600_000);
  const lock = await lockDirectory(directory);
  onTestFinished(() => lock.release());
  const longAgo = (startedAt - 80_000) / 1000;
  utimesSync(lock.path, longAgo, longAgo);
  await vi.advanceTimersByTimeAsync(15_000);
  await vi.waitFor(() => expect(statSync(lock.path).mtimeMs).toBeGreaterThan(startedAt - 1000));
  expect(await lock.isOurs()).toBe(true);
});
