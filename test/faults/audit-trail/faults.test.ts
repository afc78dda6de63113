/**
 * The fault list on a real server with the installed writer plane, while ten people work and a seventh of their
 * transactions is rolled back: each fault is found in time, by the check that should find it, and nothing else is
 * blamed. What needs a server of its own is in apart.test.ts; what is about the seal and the witness, in components.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { borrowInstalled, type InstalledServer } from '../../support/audit-trail/installed.js';
import { majors } from '../../support/postgres/majors.js';
import { cases } from './cases.js';
import { stated } from './promised.js';
import { type Outcome, proven, watchFor } from './trial.js';

// Each mostly waits for the next look; more of them would wait for the processor.
vi.setConfig({ maxConcurrency: 8 });

const isLong = process.env.KOP_LONG === '1';
const EMBEDDED = 17;
/** The embedded server is shown everything, others in the ordinary run what may differ between majors. */
const matrix = majors.map((major) => ({
  major,
  shown: cases
    .filter(({ isBasic }) => major === EMBEDDED || isLong || isBasic)
    .map((fault) => ({ ...fault, is: `${fault.fault} ${fault.name}${stated(fault.shows)}` })),
}));

test('two majors or more, and in the longer run all that are supported', () => {
  expect(majors).toContain(EMBEDDED);
  expect(majors.length).toBeGreaterThanOrEqual(2);
  if (isLong) expect(majors).toEqual([15, 16, 17, 18]);
});

describe.each(matrix)('on PostgreSQL $major', ({ major, shown }) => {
  let installed: InstalledServer;
  const outcomes: { readonly name: string; readonly outcome: Outcome }[] = [];

  beforeAll(async () => {
    installed = await borrowInstalled(major);
  });
  afterAll(async () => {
    await installed.close();
    for (const { name, outcome } of outcomes)
      console.info(`PostgreSQL ${major}: ${name}: ${seconds(outcome.first)} to ${seconds(outcome.all)}`);
  });

  describe.concurrent('while people work', () => {
    // Eight offices at once on a busy machine: what one report of the statistics blurs, it does not blur twice. The soak
    // and the must-not-alarm cases are never tried again.
    // '$is' would be cut off before the time that it states.
    test.each(shown.map((fault) => [fault.is, fault] as const))(
      '%s',
      { timeout: 240_000, retry: 1 },
      async (_is, fault) => {
        await proven(
          installed,
          { prepare: fault.prepare, ...(fault.trail === undefined ? {} : { trail: fault.trail }) },
          async (watched) => {
            const { office, watchman } = watched;
            const committed = office.writers.committed();
            if (typeof fault.inject === 'function') await fault.inject(office);
            else await office.sql(...fault.inject.map((text) => text.replaceAll('DATABASE', office.name)));
            const through = Object.values(fault.passesThrough ?? {}).flat();
            const outcome = await watchFor(watched, { ...fault, meanwhile: through });
            outcomes.push({ name: `${fault.is}, by ${fault.check}`, outcome });
            for (const [table, states] of Object.entries(fault.passesThrough ?? {}))
              expect(watchman.seen(table)).toEqual(expect.arrayContaining([...states]));
            if (fault.refuses === true) expect(office.writers.refused()).toBeGreaterThan(0);
            else {
              expect(office.writers.refused()).toBe(0);
              expect(office.writers.committed()).toBeGreaterThan(committed);
            }
          },
        );
      },
    );
  });
});

function seconds(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(1)} s` : 'nothing shows';
}
