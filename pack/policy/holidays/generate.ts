/**
 * Generates the tables of bank holidays. It runs during the build only: at run time the committed tables are read, so
 * that an update of the library cannot change which days are closed.
 */
import Holidays from 'date-holidays';

const firstYear = 2020;
const lastYear = 2040;

interface HolidayRegion {
  /** The name of the table. */
  readonly table: string;
  /** The region's code in the library. */
  readonly code: string;
  /** Proclaimed days that the library does not know. A test fails when it knows them, so that they can go. */
  readonly proclaimed: Readonly<Record<string, string>>;
}

export const holidayRegions: readonly HolidayRegion[] = [
  { table: 'england-and-wales', code: 'ENG', proclaimed: {} },
  {
    table: 'scotland',
    code: 'SCT',
    // By Royal Proclamation of 3 February 2026 under the Banking and Financial Dealings Act 1971, section 1(3).
    proclaimed: { '2026-06-15': 'World Cup bank holiday' },
  },
  { table: 'northern-ireland', code: 'NIR', proclaimed: {} },
];

/** Text of the file of each table: the same for the same version of the library. */
export function generateHolidays(): ReadonlyMap<string, string> {
  return new Map(holidayRegions.map((region) => [region.table, tableText(region)]));
}

/** Days that the library knows, by ISO date. */
export function libraryHolidays(code: string): Readonly<Record<string, string>> {
  const calendar = new Holidays('GB', code, { timezone: 'Europe/London', languages: ['en'], types: ['public'] });
  const days: Record<string, string> = {};
  for (let year = firstYear; year <= lastYear; year += 1) {
    for (const { date, name } of calendar.getHolidays(year)) {
      days[date.slice(0, 10)] = name.replaceAll('’', "'");
    }
  }
  return days;
}

function tableText({ code, proclaimed }: HolidayRegion): string {
  const days = { ...libraryHolidays(code), ...proclaimed };
  const sorted = Object.fromEntries(Object.entries(days).sort(([a], [b]) => (a < b ? -1 : 1)));
  const table = {
    note: 'Generated from date-holidays by pack/policy/holidays/generate.ts. Do not edit; run kop build.',
    firstYear,
    lastYear,
    days: sorted,
  };
  return `${JSON.stringify(table, undefined, 2)}\n`;
}
