import { describe, expect, test } from 'vitest';
import { dayFromIso } from '../../../../../../exporters/compliance/obligations/deadlines/day.js';
import { caseDeadline, returnDeadline } from '../../../../../../exporters/compliance/obligations/deadlines/deadline.js';
import type { DeadlineRule, ObligationCase } from '../../../../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../../../../pack/index.js';

const england: Calendar = {
  name: 'office',
  timeZone: 'Europe/London',
  weekdays: [1, 2, 3, 4, 5],
  opensMinute: 8 * 60,
  closesMinute: 18 * 60,
  holidays: 'england-and-wales',
  overrides: {},
};
const scotland: Calendar = { ...england, name: 'edinburgh', holidays: 'scotland' };
const month = { kind: 'months', months: 1, rolls: true } as const;
const threeMonths = { kind: 'months', months: 3, rolls: true } as const;
const now = new Date('2026-12-01T12:00:00Z');

function found(startedAt: string, more: Partial<ObligationCase> = {}): ObligationCase {
  return { startedAt: new Date(startedAt), isExtended: false, stopped: [], ...more };
}

function lastDay(rule: DeadlineRule, received: string, more: Partial<ObligationCase> = {}, calendar = england) {
  const answer = caseDeadline(
    { rule, extended: threeMonths, conservative: false },
    calendar,
    found(received, more),
    now,
  );
  return 'uncertain' in answer ? answer.uncertain : answer.lastDay;
}

function days(...ranges: readonly [string, string?][]): ObligationCase['stopped'] {
  return ranges.map(([from, to]) => ({ from: new Date(from), ...(to !== undefined && { to: new Date(to) }) }));
}

describe('one calendar month from receipt', () => {
  test.each([
    // Worked examples of the Information Commissioner's guidance on the right of access.
    ['3 September', '2024-09-03', '2024-10-03'],
    ['31 January, no leap year', '2022-01-31', '2022-02-28'],
    ['31 January, leap year', '2024-01-31', '2024-02-29'],
    ['31 March, to a Sunday and the bank holiday after it', '2023-03-31', '2023-05-02'],
    // 1 April to 1 May, "if 1 May falls on a weekend or is a public holiday": here a bank holiday Monday.
    ['1 April, to an early May bank holiday', '2023-04-01', '2023-05-02'],
    ['received on a Saturday, which is a day like any other', '2026-05-09', '2026-06-09'],
    ['to a Saturday', '2026-09-03', '2026-10-05'],
    ['to Christmas Day on a Friday', '2026-11-25', '2026-12-29'],
    ['to Good Friday', '2026-03-03', '2026-04-07'],
    // Days that were proclaimed once.
    ['to the jubilee of 2022', '2022-05-02', '2022-06-06'],
    ['to the day after it', '2022-05-03', '2022-06-06'],
    ['to the state funeral', '2022-08-19', '2022-09-20'],
    ['to the coronation', '2023-04-08', '2023-05-09'],
    ['to the Monday that gave way to the jubilee', '2022-04-30', '2022-05-30'],
  ])('%s', (_, received, due) => {
    expect(lastDay(month, `${received}T10:00:00Z`)).toBe(due);
  });

  test('each nation has its bank holidays', () => {
    expect(lastDay(month, '2026-05-15T10:00:00Z')).toBe('2026-06-15');
    expect(lastDay(month, '2026-05-15T10:00:00Z', {}, scotland)).toBe('2026-06-16');
    expect(lastDay(month, '2026-03-06T10:00:00Z')).toBe('2026-04-07');
    expect(lastDay(month, '2026-03-06T10:00:00Z', {}, scotland)).toBe('2026-04-06');
    expect(lastDay(month, '2026-02-17T10:00:00Z', {}, { ...england, holidays: 'northern-ireland' })).toBe('2026-03-18');
  });

  test('the day is that of the time zone: half past midnight in summer is the day before in UTC', () => {
    expect(lastDay(month, '2026-06-02T23:30:00Z')).toBe('2026-07-03');
  });

  test('the whole last day is in time, in summer as in winter', () => {
    const terms = { rule: month, conservative: false };
    const due = (at: string) => caseDeadline(terms, england, found(at), now);
    expect(due('2026-06-03T10:00:00Z')).toMatchObject({ dueAt: new Date('2026-07-03T22:59:59.999Z') });
    expect(due('2026-10-03T10:00:00Z')).toMatchObject({ dueAt: new Date('2026-11-03T23:59:59.999Z') });
  });

  test('an extension is counted from the start: one month and two more would be 28 April', () => {
    expect(lastDay(month, '2026-01-31T10:00:00Z', { isExtended: true })).toBe('2026-04-30');
  });

  test('two cases of one day, of which one was extended', () => {
    const terms = { rule: month, extended: threeMonths, conservative: false };
    const dueOf = (isExtended: boolean) =>
      caseDeadline(terms, england, found('2026-01-31T10:00:00Z', { isExtended }), now);
    expect([dueOf(false), dueOf(true), dueOf(false)]).toMatchObject([
      { lastDay: '2026-03-02' },
      { lastDay: '2026-04-30' },
      { lastDay: '2026-03-02' },
    ]);
  });

  test('the clock starts with the latest of the request and what it waits for', () => {
    expect(lastDay(month, '2026-09-01T10:00:00Z', { relevantAt: new Date('2026-09-07T10:00:00Z') })).toBe('2026-10-07');
    expect(lastDay(month, '2026-09-07T10:00:00Z', { relevantAt: new Date('2026-09-01T10:00:00Z') })).toBe('2026-10-07');
  });

  test('the conservative reading ends a day earlier, and both are there', () => {
    const terms = { rule: month, conservative: true };
    expect(caseDeadline(terms, england, found('2024-09-03T10:00:00Z'), now)).toEqual({
      dueAt: new Date('2024-10-02T22:59:59.999Z'),
      lastDay: '2024-10-02',
      ordinaryLastDay: '2024-10-03',
    });
    // 3 October is a Saturday and 2 October is none: only the ordinary reading rolls.
    expect(caseDeadline(terms, england, found('2026-09-03T10:00:00Z'), now)).toMatchObject({
      lastDay: '2026-10-02',
      ordinaryLastDay: '2026-10-05',
    });
  });
});

describe('days on which the clock stands', () => {
  const received = '2026-09-01T10:00:00Z'; // due on 1 October

  test.each<[string, ObligationCase['stopped'], string]>([
    ['asked and answered on one day', days(['2026-09-10T09:00:00Z', '2026-09-10T16:00:00Z']), '2026-10-02'],
    ['both ends count', days(['2026-09-07T09:00:00Z', '2026-09-11T09:00:00Z']), '2026-10-06'],
    [
      'overlapping intervals count once',
      days(['2026-09-07', '2026-09-11'], ['2026-09-09', '2026-09-11']),
      '2026-10-06',
    ],
    ['in any order', days(['2026-09-21', '2026-09-22'], ['2026-09-07', '2026-09-09']), '2026-10-06'],
    ['days before the start never counted', days(['2026-08-20', '2026-09-01']), '2026-10-02'],
    ['the moved end rolls', days(['2026-09-07', '2026-09-08']), '2026-10-05'],
    [
      'a stop reaches what an earlier one moved',
      days(['2026-09-07', '2026-09-11'], ['2026-10-05', '2026-10-05']),
      '2026-10-07',
    ],
    ['a stop that begins on the last day', days(['2026-10-01', '2026-10-01']), '2026-10-02'],
    ['an answer that is announced has not come', days(['2026-09-30', '2027-03-31']), '2026-12-03'],
    ['a stop after the end moves nothing', days(['2026-10-02', '2026-11-30']), '2026-10-01'],
    ['without an answer, until today: 63 days by 1 December', days(['2026-09-30T09:00:00Z']), '2026-12-03'],
  ])('%s', (_, stopped, due) => {
    expect(lastDay(month, received, { stopped })).toBe(due);
  });

  test('working days that stand are left out', () => {
    const rule = { kind: 'business_days', days: 5 } as const;
    expect(lastDay(rule, received)).toBe('2026-09-08');
    expect(lastDay(rule, received, { stopped: days(['2026-09-03', '2026-09-06']) })).toBe('2026-09-10');
  });

  test('elapsed hours cannot be stopped', () => {
    const rule = { kind: 'hours', hours: 72 } as const;
    expect(lastDay(rule, received, { stopped: days(['2026-09-03']) })).toMatch(/cannot be stopped/);
  });
});

describe('other rules', () => {
  test.each([
    ['the clocks go back: 09:00 on the wall', '2026-10-23T09:00:00Z', '2026-10-26T09:00:00Z'],
    ['the clocks go forward', '2026-03-27T10:00:00Z', '2026-03-30T10:00:00Z'],
    ['over Christmas', '2026-12-24T15:00:00Z', '2026-12-27T15:00:00Z'],
  ])('72 elapsed hours; %s', (_, aware, due) => {
    const terms = { rule: { kind: 'hours', hours: 72 }, conservative: false } as const;
    expect(caseDeadline(terms, england, found(aware), now)).toEqual({ dueAt: new Date(due) });
  });

  test('30 days that begin with the receipt end 29 days later', () => {
    const rule = { kind: 'days', days: 30, startIsDayOne: true, rolls: false } as const;
    expect(lastDay(rule, '2026-06-19T10:00:00Z')).toBe('2026-07-18'); // a Saturday
  });

  test('8 weeks are 56 days and do not roll', () => {
    const rule = { kind: 'days', days: 56, startIsDayOne: false, rolls: false } as const;
    expect(lastDay(rule, '2026-10-31T10:00:00Z')).toBe('2026-12-26'); // a Saturday and a bank holiday
  });

  test('working days, by the reading that ends earlier', () => {
    const terms = { rule: { kind: 'business_days', days: 5 }, conservative: true } as const;
    expect(caseDeadline(terms, england, found('2026-09-01T10:00:00Z'), now)).toMatchObject({
      lastDay: '2026-09-07',
      ordinaryLastDay: '2026-09-08',
    });
  });

  test('records are kept for calendar years from an event', () => {
    const rule = { kind: 'months', months: 7 * 12, rolls: false } as const;
    expect(lastDay(rule, '2026-02-05T10:00:00Z')).toBe('2033-02-05');
    expect(lastDay({ ...rule, months: 60 }, '2024-02-29T10:00:00Z')).toBe('2029-02-28');
  });

  test('a return: working days are counted from the first after its period', () => {
    const terms = { rule: { kind: 'business_days', days: 30 }, conservative: false } as const;
    const due = (period: string, calendar = england) => returnDeadline(terms, calendar, dayFromIso(period));
    // January 2027: 1 January is a bank holiday, so that the first of thirty is Monday, 4 January.
    expect(due('2026-12-31')).toMatchObject({ lastDay: '2027-02-12', dueAt: new Date('2027-02-12T23:59:59.999Z') });
    expect(due('2026-12-31', scotland)).toMatchObject({ lastDay: '2027-02-15' });
    expect(due('2027-06-30')).toMatchObject({ lastDay: '2027-08-11' });
  });

  test('a return under 24 hours: from the end of its period', () => {
    const terms = { rule: { kind: 'hours', hours: 24 }, conservative: false } as const;
    expect(returnDeadline(terms, england, dayFromIso('2026-09-30'))).toEqual({
      dueAt: new Date('2026-10-01T22:59:59.999Z'),
    });
  });
});

describe('where bank holidays are not known', () => {
  test('the deadline is uncertain, and says which day decides', () => {
    expect(lastDay(month, '2040-12-05T10:00:00Z')).toMatch(
      /calendar office \(england-and-wales\) are not known for 2041-01-07/,
    );
    expect(lastDay({ kind: 'business_days', days: 20 }, '2040-12-15T10:00:00Z')).toMatch(/not known for 2041-01-01/);
    expect(lastDay({ kind: 'business_days', days: 1 }, '2019-12-30T10:00:00Z')).toMatch(/not known for 2019-12-31/);
  });

  test('days that the calendar names itself are known, and rules that need none are certain', () => {
    const named: Calendar = { ...england, overrides: { '2041-01-07': 'open' } };
    expect(lastDay(month, '2040-12-05T10:00:00Z', {}, named)).toBe('2041-01-07');
    expect(lastDay({ ...month, rolls: false }, '2040-12-05T10:00:00Z')).toBe('2041-01-05');
  });
});
