import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateHolidays, holidayRegions, libraryHolidays } from '../../../../pack/policy/holidays/generate.js';
import { holidayTable, holidayTableNames } from '../../../../pack/policy/holidays/tables.js';

const days = holidayTable('england-and-wales')?.days ?? {};

test('the committed tables are the generated ones; kop build writes them', () => {
  const generated = generateHolidays();
  expect([...generated.keys()]).toEqual(holidayTableNames);
  for (const [name, text] of generated) {
    expect(readFileSync(`pack/policy/holidays/${name}.json`, 'utf8') === text, name).toBe(true);
  }
});

test('what is added by hand is still unknown to the library, and goes when it is not', () => {
  for (const { code, proclaimed } of holidayRegions) {
    const known = libraryHolidays(code);
    expect(Object.keys(proclaimed).filter((day) => known[day] !== undefined)).toEqual([]);
  }
});

// What gov.uk/bank-holidays lists for these nations, and not for England and Wales.
test.each([
  ['scotland', '2025-01-02', 'the second of January'],
  ['scotland', '2022-01-04', "New Year's Day on a Saturday, after the second of January"],
  ['scotland', '2026-08-03', 'the first Monday of August'],
  ['scotland', '2024-12-02', "St Andrew's Day on a Saturday"],
  ['scotland', '2026-06-15', 'the World Cup'],
  ['northern-ireland', '2026-03-17', "St Patrick's Day"],
  ['northern-ireland', '2024-03-18', "St Patrick's Day on a Sunday"],
  ['northern-ireland', '2026-07-13', 'the Battle of the Boyne on a Sunday'],
  ['northern-ireland', '2026-04-06', 'Easter Monday'],
  ['northern-ireland', '2022-09-19', 'the state funeral'],
])('%s: %s is a bank holiday: %s', (name, date) => {
  expect(holidayTable(name)?.days[date]).toBeTypeOf('string');
});

test.each([
  ['scotland', '2026-04-06', 'Easter Monday'],
  ['scotland', '2026-08-31', 'the last Monday of August'],
  ['northern-ireland', '2026-06-15', 'the World Cup'],
  ['northern-ireland', '2026-11-30', "St Andrew's Day"],
])('%s: %s is none: %s', (name, date) => {
  expect(holidayTable(name)?.days[date]).toBeUndefined();
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
