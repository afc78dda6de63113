/** Apart from the others, because it moves the clock of the whole process. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { borrowInstalled, type InstalledServer } from '../../support/audit-trail/installed.js';
import type { Shows } from './cases.js';
import { stated } from './promised.js';
import { proven, watchFor } from './trial.js';

const stepped: Shows = { clock_offset_seconds: 1 };
let installed: InstalledServer;

beforeAll(async () => {
  installed = await borrowInstalled(17);
});
afterAll(() => installed.close());

test(`30 the clock of one side stepped${stated(stepped)}`, { timeout: 180_000 }, async () => {
  await proven(installed, {}, async (watched) => {
    const now = Date.now.bind(Date);
    const step = vi.spyOn(Date, 'now').mockImplementation(() => now() + 90_000);
    try {
      await watchFor(watched, { shows: stepped });
    } finally {
      step.mockRestore();
    }
    // What was counted in the future is of no use.
    await watchFor(watched, { shows: {}, mayPass: ['clock_offset_seconds'], meanwhile: ['unknown'] });
    expect(watched.office.writers.refused()).toBe(0);
  });
});
