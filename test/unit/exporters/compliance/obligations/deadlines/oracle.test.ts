/** The same dates from another library: the days are computed with luxon, and compared with Temporal. */
import { Temporal } from 'temporal-polyfill';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../../../../demo/portal/faults/random.js';
import { dayFromIso, dayOf, isoDay } from '../../../../../../exporters/compliance/obligations/deadlines/day.js';
import { caseDeadline, returnDeadline } from '../../../../../../exporters/compliance/obligations/deadlines/deadline.js';
import type { DeadlineRule } from '../../../../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../../../../pack/index.js';
import { holidayTable } from '../../../../../../pack/policy/holidays/tables.js';

/** Clocks that change at midnight, a day that was left out, half hours. */
const zones = [
  'Europe/London',
  'America/New_York',
  'America/Santiago',
  'America/Havana',
  'Asia/Beirut',
  'Africa/Cairo',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Apia',
];
const table = holidayTable('england-and-wales')?.days ?? {};

const isWorking = (day: Temporal.PlainDate) => day.dayOfWeek < 6 && table[day.toString()] === undefined;

function rolled(day: Temporal.PlainDate): Temporal.PlainDate {
  return isWorking(day) ? day : rolled(day.add({ days: 1 }));
}

function workingDaysAfter(day: Temporal.PlainDate, count: number): Temporal.PlainDate {
  const next = day.add({ days: 1 });
  const left = isWorking(next) ? count - 1 : count;
  return left === 0 ? next : workingDaysAfter(next, left);
}

function expectedDay(rule: DeadlineRule, start: Temporal.PlainDate): Temporal.PlainDate {
  switch (rule.kind) {
    case 'months': {
      const end = start.add({ months: rule.months });
      return rule.rolls ? rolled(end) : end;
    }
    case 'days':
      return start.add({ days: rule.days - (rule.startIsDayOne ? 1 : 0) });
    case 'business_days':
      return workingDaysAfter(start, rule.days);
    case 'hours':
      throw new Error('not a rule of days');
  }
}

const rules: readonly DeadlineRule[] = [
  { kind: 'months', months: 1, rolls: true },
  { kind: 'months', months: 3, rolls: true },
  { kind: 'months', months: 84, rolls: false },
  { kind: 'days', days: 30, startIsDayOne: true, rolls: false },
  { kind: 'days', days: 56, startIsDayOne: false, rolls: false },
  { kind: 'business_days', days: 30 },
];

test('2,000 instants in ten zones: last day and last instant', () => {
  const next = seededRandom(20261201);
  const from = Date.parse('2020-01-02T00:00:00Z');
  const until = Date.parse('2033-01-01T00:00:00Z');
  for (let run = 0; run < 2_000; run += 1) {
    const at = new Date(from + Math.floor(next() * (until - from)));
    const timeZone = zones[run % zones.length] ?? 'UTC';
    const rule = rules[Math.floor(next() * rules.length)] ?? { kind: 'hours', hours: 1 };
    const calendar: Calendar = {
      name: 'c',
      timeZone,
      weekdays: [1, 2, 3, 4, 5],
      opensMinute: 0,
      closesMinute: 1,
      holidays: 'england-and-wales',
      overrides: {},
    };
    const wanted = expectedDay(
      rule,
      Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone).toPlainDate(),
    );
    const end = wanted.add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds - 1;
    const answer = caseDeadline(
      { rule, conservative: false },
      calendar,
      { startedAt: at, isExtended: false, stopped: [] },
      at,
    );
    expect({ at, timeZone, rule, answer }).toEqual({
      at,
      timeZone,
      rule,
      answer: { lastDay: wanted.toString(), dueAt: new Date(end) },
    });
  }
});

test('72 hours from every quarter of an hour around both changes of the clock', () => {
  for (const around of ['2026-03-26T00:00:00Z', '2026-10-22T00:00:00Z']) {
    for (let quarter = 0; quarter < 4 * 24 * 4; quarter += 1) {
      const start = Temporal.Instant.from(around).add({ minutes: 15 * quarter });
      const wanted = start.toZonedDateTimeISO('Europe/London').add({ hours: 72 }).epochMilliseconds;
      const calendar: Calendar = {
        name: 'c',
        timeZone: 'Europe/London',
        weekdays: [1],
        opensMinute: 0,
        closesMinute: 1,
        overrides: {},
      };
      const terms = { rule: { kind: 'hours', hours: 72 }, conservative: false } as const;
      const startedAt = new Date(start.epochMilliseconds);
      expect(caseDeadline(terms, calendar, { startedAt, isExtended: false, stopped: [] }, startedAt)).toEqual({
        dueAt: new Date(wanted),
      });
    }
  }
});

test('a day with two midnights ends before the first of the next one', () => {
  const havana: Calendar = {
    name: 'c',
    timeZone: 'America/Havana',
    weekdays: [1],
    opensMinute: 0,
    closesMinute: 1,
    overrides: {},
  };
  const terms = { rule: { kind: 'days', days: 1, startIsDayOne: false, rolls: false }, conservative: false } as const;
  expect(returnDeadline(terms, havana, dayFromIso('2031-10-31'))).toEqual({
    lastDay: '2031-11-01',
    dueAt: new Date('2031-11-02T03:59:59.999Z'),
  });
});

test('a day that a zone left out has no instant; the days around it keep theirs', () => {
  expect(isoDay(dayOf(new Date('2011-12-30T09:59:59Z'), 'Pacific/Apia'))).toBe('2011-12-29');
  expect(isoDay(dayOf(new Date('2011-12-30T10:00:00Z'), 'Pacific/Apia'))).toBe('2011-12-31');
  const apia: Calendar = {
    name: 'c',
    timeZone: 'Pacific/Apia',
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    opensMinute: 0,
    closesMinute: 1,
    overrides: {},
  };
  const terms = { rule: { kind: 'days', days: 1, startIsDayOne: false, rolls: false }, conservative: false } as const;
  expect(returnDeadline(terms, apia, dayFromIso('2011-12-28'))).toMatchObject({
    dueAt: new Date('2011-12-30T09:59:59.999Z'),
  });
});
