import { describe, expect, it } from 'vitest';
import { calendarCollector } from '../../../../exporters/runtime/calendar-collector.js';
import { isNoData } from '../../../../exporters/runtime/collector.js';
import { silentLogger } from '../../../../exporters/runtime/log.js';
import { renderFamilies } from '../../../../exporters/runtime/metrics/index.js';
import type { Calendar } from '../../../../pack/index.js';

const office: Calendar = {
  name: 'office',
  timeZone: 'Europe/London',
  weekdays: [1, 2, 3, 4, 5],
  opensMinute: 480,
  closesMinute: 1080,
  holidays: 'england-and-wales',
  overrides: {},
};

async function at(now: string, calendars: readonly Calendar[]) {
  const context = { now: new Date(now), signal: AbortSignal.abort(), log: silentLogger };
  return calendarCollector(() => calendars).collect(context);
}

describe('the calendar', () => {
  it.each([
    ['2026-08-03T07:30:00Z', 1], // 08:30 summer time
    ['2026-08-03T06:59:00Z', 0],
    ['2026-12-25T12:00:00Z', 0],
  ])('at %s has business hours %d', async (now, open) => {
    const collected = await at(now, [office]);
    if (isNoData(collected)) throw new Error('no data');
    const text = renderFamilies(collected, 'text');
    expect(text).toMatch(new RegExp(`^\\w+\\{calendar="office"\\} ${open}$`, 'm'));
    expect(text).toMatch(/^calendar_valid_until_timestamp_seconds\{calendar="office"\} \d{10}$/m);
  });

  it('never runs out without bank holidays', async () => {
    const { holidays: _none, ...always } = office;
    const collected = await at('2026-08-03T12:00:00Z', [always]);
    if (isNoData(collected)) throw new Error('no data');
    expect(renderFamilies(collected, 'text')).not.toMatch(/^calendar_valid_until_timestamp_seconds\{/m);
  });

  it('has no data when none is described', async () => {
    expect(await at('2026-08-03T12:00:00Z', [])).toEqual({ noData: expect.any(String) });
  });
});
