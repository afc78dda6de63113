import englandAndWales from './england-and-wales.json' with { type: 'json' };
import northernIreland from './northern-ireland.json' with { type: 'json' };
import scotland from './scotland.json' with { type: 'json' };

/** Bank holidays of some whole years. */
export interface HolidayTable {
  readonly firstYear: number;
  readonly lastYear: number;
  /** ISO date to name. */
  readonly days: Readonly<Record<string, string>>;
}

const tables: Readonly<Record<string, HolidayTable>> = {
  'england-and-wales': englandAndWales,
  scotland,
  'northern-ireland': northernIreland,
};

export const holidayTableNames: readonly string[] = Object.keys(tables);

export function holidayTable(name: string): HolidayTable | undefined {
  return Object.hasOwn(tables, name) ? tables[name] : undefined;
}
