/**
 * Generates the tables of bank holidays. It runs during the build only: at run time the committed tables are read, so
 * that an update of the library cannot change which days are closed.
 */
import Holidays from 'date-holidays';

const firstYear = 2020;
const lastYear = 2040;

/** The text of `england-and-wales.json`: the same for the same version of the library. */
export function generateHolidays(): string {
  const calendar = new Holidays('GB', 'ENG', { timezone: 'Europe/London', languages: ['en'], types: ['public'] });
  const days: Record<string, string> = {};
  for (let year = firstYear; year <= lastYear; year += 1) {
    for (const { date, name } of calendar.getHolidays(year)) {
      days[date.slice(0, 10)] = name.replaceAll('’', "'");
    }
  }
  const sorted = Object.fromEntries(Object.entries(days).sort(([a], [b]) => (a < b ? -1 : 1)));
  const table = {
    note: 'Generated from date-holidays by pack/policy/holidays/generate.ts. Do not edit; run kop build.',
    firstYear,
    lastYear,
    days: sorted,
  };
  return `${JSON.stringify(table, undefined, 2)}\n`;
}
