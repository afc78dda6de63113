import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateHolidays } from '../../../../pack/policy/holidays/generate.js';
import { holidayTable } from '../../../../pack/policy/holidays/tables.js';

const days = holidayTable('england-and-wales')?.days ?? {};

test('the committed table is the generated one; kop build writes it', () => {
  expect(readFileSync('pack/policy/holidays/england-and-wales.json', 'utf8')).toBe(generateHolidays());
});

test.each([
  ['2020-05-08', 'moved from Monday to VE day'],
  ['2022-06-02', 'spring bank holiday, moved'],
  ['2022-06-03', 'Platinum Jubilee'],
  ['2022-09-19', 'state funeral of Queen Elizabeth II'],
  ['2023-05-08', 'coronation of King Charles III'],
  ['2021-12-27', 'Christmas Day on a Saturday'],
  ['2021-12-28', 'Boxing Day on a Sunday'],
  ['2022-12-27', 'Christmas Day on a Sunday'],
  ['2020-12-28', 'Boxing Day on a Saturday'],
  ['2022-01-03', "New Year's Day on a Saturday"],
  ['2023-01-02', "New Year's Day on a Sunday"],
  ['2024-03-29', 'Good Friday'],
  ['2024-04-01', 'Easter Monday'],
  ['2025-04-18', 'Good Friday'],
  ['2025-04-21', 'Easter Monday'],
  ['2038-04-26', 'the latest Easter Monday'],
  ['2026-05-04', 'early May'],
  ['2026-05-25', 'spring'],
  ['2026-08-31', 'summer'],
])('%s is a bank holiday: %s', (date) => {
  expect(days[date]).toBeTypeOf('string');
});

test.each([
  ['2020-05-04', 'the Monday that gave way to VE day'],
  ['2022-05-30', 'the Monday that gave way to the jubilee'],
  ['2026-03-17', "St Patrick's Day is not one in England"],
  ['2026-01-02', 'the second of January is one in Scotland only'],
  ['2026-08-03', 'the first Monday of August is one in Scotland only'],
  ['2026-11-30', "St Andrew's Day is one in Scotland only"],
])('%s is not: %s', (date) => {
  expect(days[date]).toBeUndefined();
});

test('every year has eight on working days, and one more in years of one-offs', () => {
  const counts = new Map<string, number>();
  for (const date of Object.keys(days)) {
    const weekday = new Date(`${date}T12:00:00Z`).getUTCDay();
    if (weekday !== 0 && weekday !== 6) {
      counts.set(date.slice(0, 4), (counts.get(date.slice(0, 4)) ?? 0) + 1);
    }
  }
  expect([...counts.keys()]).toEqual(Array.from({ length: 21 }, (_, year) => String(2020 + year)));
  expect([...counts].filter(([, count]) => count !== 8)).toEqual([
    ['2022', 10],
    ['2023', 9],
  ]);
});
