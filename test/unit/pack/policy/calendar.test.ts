import { describe, expect, test } from 'vitest';
import { type Calendar, isOpen, validUntil } from '../../../../pack/index.js';

const office: Calendar = {
  name: 'office-hours',
  timeZone: 'Europe/London',
  weekdays: [1, 2, 3, 4, 5],
  opensMinute: 8 * 60,
  closesMinute: 18 * 60,
  holidays: 'england-and-wales',
  overrides: { '2026-12-24': 'closed', '2026-12-28': 'open', '2026-12-19': 'open' },
};

describe('business hours', () => {
  test.each([
    ['winter, at opening', '2026-01-06T08:00:00Z', true],
    ['winter, just before', '2026-01-06T07:59:59Z', false],
    ['winter, last second', '2026-01-06T17:59:59Z', true],
    ['winter, at closing', '2026-01-06T18:00:00Z', false],
    ['summer time opens an hour earlier in UTC', '2026-07-07T07:00:00Z', true],
    ['summer time closes an hour earlier in UTC', '2026-07-07T17:00:00Z', false],
    ['the Friday before the clocks go forward', '2026-03-27T08:00:00Z', true],
    ['the Monday after', '2026-03-30T07:00:00Z', true],
    ['the Friday before the clocks go back', '2026-10-23T07:00:00Z', true],
    ['the Monday after, too early', '2026-10-26T07:00:00Z', false],
    ['Saturday', '2026-01-10T12:00:00Z', false],
    ['a bank holiday', '2026-12-25T12:00:00Z', false],
    ['closed by hand', '2026-12-24T12:00:00Z', false],
    ['a bank holiday opened by hand', '2026-12-28T12:00:00Z', true],
    ['a Saturday opened by hand', '2026-12-19T12:00:00Z', true],
    ['opened by hand, but not all night', '2026-12-19T22:00:00Z', false],
  ])('%s', (_, instant, expected) => {
    expect(isOpen(office, new Date(instant))).toBe(expected);
  });

  test('the day is that of the time zone, not that of UTC', () => {
    const auckland: Calendar = {
      ...office,
      timeZone: 'Pacific/Auckland',
      holidays: 'england-and-wales',
      overrides: {},
    };
    expect(isOpen(auckland, new Date('2026-01-11T20:00:00Z'))).toBe(true); // Monday, 09:00
    expect(isOpen(auckland, new Date('2026-01-09T12:00:00Z'))).toBe(false); // Saturday, 01:00
  });

  test.each([
    ['the hour that does not exist', '2026-03-29T01:30:00Z', true], // 02:30 on the wall clock
    ['the hour before it', '2026-03-29T00:30:00Z', false],
    ['the hour that exists twice, first time', '2026-10-25T00:30:00Z', true],
    ['the hour that exists twice, second time', '2026-10-25T01:30:00Z', true],
  ])('a calendar open from 01:00 on a Sunday: %s', (_, instant, expected) => {
    const sunday: Calendar = { ...office, weekdays: [7], opensMinute: 60, closesMinute: 180, overrides: {} };
    expect(isOpen(sunday, new Date(instant))).toBe(expected);
  });

  test('a calendar may end at midnight', () => {
    const late: Calendar = { ...office, closesMinute: 24 * 60 };
    expect(isOpen(late, new Date('2026-01-06T23:59:59Z'))).toBe(true);
  });
});

describe('hours over midnight belong to the day on which they begin', () => {
  const night: Calendar = {
    ...office,
    opensMinute: 22 * 60,
    closesMinute: 6 * 60,
    overrides: { '2026-12-24': 'closed', '2026-12-19': 'open' },
  };

  test.each([
    ['before opening', '2026-01-06T21:59:59Z', false],
    ['at opening', '2026-01-06T22:00:00Z', true],
    ['after midnight', '2026-01-07T00:00:00Z', true],
    ['the last second', '2026-01-07T05:59:59Z', true],
    ['at closing', '2026-01-07T06:00:00Z', false],
    ['Friday night reaches into Saturday', '2026-01-10T03:00:00Z', true],
    ['Saturday night is none', '2026-01-10T23:00:00Z', false],
    ['nor is Sunday night, before Monday', '2026-01-12T03:00:00Z', false],
    ['the night before a bank holiday', '2026-12-25T03:00:00Z', false], // 24 December is closed by hand
    ['the night of a bank holiday', '2026-12-25T23:00:00Z', false],
    ['after a bank holiday, before its end', '2026-12-29T03:00:00Z', false], // began on Monday the 28th, a holiday
    ['a Saturday opened by hand, until Sunday', '2026-12-20T05:00:00Z', true],
    ['summer time', '2026-07-07T21:00:00Z', true],
    ['summer time, at closing', '2026-07-07T05:00:00Z', false],
  ])('%s', (_, instant, expected) => {
    expect(isOpen(night, new Date(instant))).toBe(expected);
  });

  /** Minutes that the night of a day is open, counted one by one over two days. */
  const minutesOpen = (calendar: Calendar, from: string) => {
    const start = Date.parse(from);
    return Array.from({ length: 24 * 60 }, (_, minute) => isOpen(calendar, new Date(start + minute * 60_000))).filter(
      Boolean,
    ).length;
  };

  test('a night is an hour shorter when the clocks go forward, and longer when they go back', () => {
    const saturdays: Calendar = { ...night, weekdays: [6], overrides: {} };
    expect(minutesOpen(saturdays, '2026-03-28T12:00:00Z')).toBe(7 * 60);
    expect(minutesOpen(saturdays, '2026-10-24T12:00:00Z')).toBe(9 * 60);
    expect(minutesOpen(saturdays, '2026-06-06T12:00:00Z')).toBe(8 * 60);
  });

  test('also where the clocks change at midnight itself', () => {
    const cairo: Calendar = { ...night, timeZone: 'Africa/Cairo', weekdays: [4], overrides: {} };
    // On Friday 2026-04-24 at 00:00 the clocks of Cairo go to 01:00: the night of Thursday lasts seven hours.
    expect(minutesOpen(cairo, '2026-04-23T12:00:00Z')).toBe(7 * 60);
  });
});

describe('how far ahead the bank holidays are known', () => {
  test('to the end of the table, in the time zone of the calendar', () => {
    expect(validUntil(office)?.toISOString()).toBe('2041-01-01T00:00:00.000Z');
    expect(validUntil({ ...office, timeZone: 'Europe/Paris' })?.toISOString()).toBe('2040-12-31T23:00:00.000Z');
  });
  test('a calendar without bank holidays is always valid', () => {
    const { holidays: _, ...without } = office;
    expect(validUntil(without)).toBeUndefined();
  });
});
