import { expect, test } from 'vitest';
import { dayFromIso, isoDay } from '../../../../../../exporters/compliance/obligations/deadlines/day.js';
import { endedPeriods, isPeriodEnd } from '../../../../../../exporters/compliance/obligations/deadlines/periods.js';

test.each([
  ['half-years', '2026-06-30', 6, '2027-08-01', ['2026-06-30', '2026-12-31', '2027-06-30']],
  [
    'months, from the last of January',
    '2027-01-31',
    1,
    '2027-05-01',
    ['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30'],
  ],
  ['months, from the last of February', '2027-02-28', 1, '2027-05-01', ['2027-02-28', '2027-03-31', '2027-04-30']],
  ['quarters that end within months', '2026-04-05', 3, '2026-10-06', ['2026-04-05', '2026-07-05', '2026-10-05']],
  ['a leap day', '2024-02-29', 12, '2026-03-01', ['2024-02-29', '2025-02-28', '2026-02-28']],
  ['on the last day the period is not over', '2026-06-30', 6, '2026-06-30', []],
  ['nothing before the first', '2026-06-30', 6, '2026-01-01', []],
])('%s', (_, periodEnds, everyMonths, today, expected) => {
  const schedule = { periodEnds, everyMonths };
  expect(endedPeriods(schedule, dayFromIso(today)).map(isoDay)).toEqual(expected);
  for (const day of expected) expect(isPeriodEnd(schedule, day), day).toBe(true);
});

test.each(['2026-06-29', '2026-09-30', '2025-12-31', '2026-6-30', 'June', ''])(
  '%s is no end of a half-year from June 2026',
  (day) => {
    expect(isPeriodEnd({ periodEnds: '2026-06-30', everyMonths: 6 }, day)).toBe(false);
  },
);
