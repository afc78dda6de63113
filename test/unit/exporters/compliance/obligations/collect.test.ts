import { describe, expect, test } from 'vitest';
import {
  emptyObligationMemory,
  judgedRegister,
  obligationMemory,
} from '../../../../../exporters/compliance/obligations/collect.js';
import type { RegisterAnswer } from '../../../../../exporters/compliance/obligations/registers/register.js';
import type { Obligation, ObligationCase } from '../../../../../pack/compliance/model/index.js';
import { accessRequests, halfYearlyReturn, office } from './example.js';

const noon = (day: string) => new Date(`${day}T12:00:00Z`);
const now = noon('2026-12-01');

function open(started: string, more: Partial<ObligationCase> = {}): ObligationCase {
  return { startedAt: noon(started), isExtended: false, stopped: [], ...more };
}

function done(started: string, completed: string): ObligationCase {
  return open(started, { completedAt: noon(completed) });
}

function register(...cases: readonly ObligationCase[]): RegisterAnswer {
  return { cases, faults: [], asOf: now };
}

function finding(answer: RegisterAnswer, obligation: Obligation = accessRequests, at = now) {
  return judgedRegister(obligation, office, answer, emptyObligationMemory, at).finding;
}

describe('the worst case decides', () => {
  test.each<[string, RegisterAnswer, string, string | RegExp]>([
    ['no open case', register(done('2026-10-01', '2026-10-20')), 'pass', 'no open case; 1 case read'],
    ['time enough', register(open('2026-11-20')), 'pass', '1 case open, the first due 2026-12-21; 1 case read'],
    [
      'inside the lead',
      register(open('2026-11-20'), open('2026-11-03')),
      'at_risk',
      '2 cases open, the first due 2026-12-03',
    ],
    [
      'past the deadline',
      register(open('2026-11-20'), open('2026-10-30')),
      'fail',
      '1 case past the deadline, the first due 2026-11-30',
    ],
    ['late, but answered', register(done('2026-09-01', '2026-11-20')), 'pass', /^no open case/],
    [
      'unreadable',
      { unreadable: 'requests.csv: there is no such file' },
      'unknown',
      'requests.csv: there is no such file',
    ],
    [
      'one row is unreadable',
      { ...register(open('2026-11-20')), faults: ['requests.csv:7: column x'] },
      'unknown',
      'requests.csv:7: column x',
    ],
    [
      'one row is unreadable, another overdue',
      { ...register(open('2026-10-01')), faults: ['requests.csv:7: column x'] },
      'fail',
      /^1 case past/,
    ],
    [
      'a clock that stands',
      register(open('2026-10-01', { stopped: [{ from: noon('2026-10-20') }] })),
      'pass',
      /^1 case open, the clock of 1 stands, the first due 2026-12-14/,
    ],
  ])('%s', (_, answer, outcome, reason) => {
    expect(finding(answer)).toMatchObject({
      outcome,
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    });
  });

  test('the end of the last day is in time, and the millisecond after it is not', () => {
    const cases = register(open('2026-10-30'));
    expect(finding(cases, accessRequests, new Date('2026-11-30T23:59:59.999Z')).outcome).toBe('at_risk');
    expect(finding(cases, accessRequests, new Date('2026-12-01T00:00:00.000Z')).outcome).toBe('fail');
  });

  test('a case that ends with its deadline is met, and a millisecond later late', () => {
    const hours: Obligation = { ...accessRequests, rule: { kind: 'hours', hours: 72 } };
    const completedAfter = (ms: number) =>
      open('2026-11-20', { completedAt: new Date(noon('2026-11-23').getTime() + ms) });
    const { completed } = judgedRegister(
      hours,
      office,
      register(completedAfter(0), completedAfter(1)),
      emptyObligationMemory,
      now,
    );
    expect(completed).toEqual({ met: 1, late: 1, uncertain: 0 });
  });

  test('a clock that will stand runs', () => {
    const planned = open('2026-11-20', { stopped: [{ from: noon('2026-12-02') }] });
    expect(finding(register(planned)).reason).toBe('1 case open, the first due 2026-12-21; 1 case read');
  });

  test('the lead begins exactly', () => {
    const cases = register(open('2026-11-20')); // due with the end of 21 December
    expect(finding(cases, accessRequests, new Date('2026-12-16T23:59:59.998Z')).outcome).toBe('pass');
    expect(finding(cases, accessRequests, new Date('2026-12-16T23:59:59.999Z')).outcome).toBe('at_risk');
  });

  test('bank holidays that are not known: unknown, with the day; overdue cases stay failures', () => {
    const uncertain = open('2040-12-05');
    const later = noon('2040-12-20');
    expect(finding(register(uncertain), accessRequests, later)).toMatchObject({
      outcome: 'unknown',
      reason: expect.stringMatching(/^the deadline of 1 case is uncertain: the bank holidays .* 2041-01-07/),
    });
    expect(finding(register(uncertain, open('2040-10-01')), accessRequests, later).outcome).toBe('fail');
    expect(
      judgedRegister(accessRequests, office, register(uncertain), emptyObligationMemory, later).summary?.open,
    ).toMatchObject({ uncertain: 1 });
  });

  test('both readings are shown where the earlier one decides', () => {
    expect(finding(register(open('2026-11-19')), { ...accessRequests, conservative: true }).reason).toMatch(
      'the first due 2026-12-18 (by the ordinary reading 2026-12-21)',
    );
  });

  test('a silent register is no compliance', () => {
    const silent: Obligation = { ...accessRequests, silentAfterSeconds: 180 * 86_400 };
    expect(finding(register(done('2026-07-01', '2026-07-02')), silent).outcome).toBe('pass');
    expect(finding(register(done('2026-05-01', '2026-05-02')), silent)).toMatchObject({
      outcome: 'unknown',
      reason: 'the register has no case newer than 2026-05-01, for more than 180 days',
    });
    expect(finding(register(), silent).outcome).toBe('unknown');
  });
});

test('each open case is in one bucket', () => {
  const hours: Obligation = { ...accessRequests, rule: { kind: 'hours', hours: 240 } };
  const ago = (count: number) => open('2026-12-01', { startedAt: new Date(now.getTime() - count * 3_600_000) });
  const { summary } = judgedRegister(
    hours,
    office,
    register(...[241, 240, 217, 216, 169, 168, 73, 72, 0].map(ago)),
    emptyObligationMemory,
    now,
  );
  expect(summary?.open).toEqual({ overdue: 1, '<24h': 2, '<72h': 2, '<7d': 2, later: 2, uncertain: 0 });
  expect(summary?.nextDueAt).toEqual(new Date(now.getTime() - 3_600_000));
});

describe('returns on a schedule', () => {
  const sent = (period: string, completed: string) => open(period, { periodEnd: period, completedAt: noon(completed) });

  test('nothing is owed before the period is over', () => {
    expect(finding(register(), halfYearlyReturn, noon('2026-06-30'))).toMatchObject({
      outcome: 'pass',
      reason: 'no open case; 0 cases read',
    });
  });

  test('a period that is over owes one case by its deadline', () => {
    // 30 working days after 30 June 2026: 11 August.
    expect(finding(register(), halfYearlyReturn, noon('2026-07-01'))).toMatchObject({
      outcome: 'pass',
      reason: '1 case open, the first due 2026-08-11; 0 cases read',
    });
    expect(finding(register(), halfYearlyReturn, noon('2026-08-10')).outcome).toBe('at_risk');
    expect(finding(register(), halfYearlyReturn, noon('2026-08-12'))).toMatchObject({ outcome: 'fail', overdue: 1 });
    expect(finding(register(sent('2026-06-30', '2026-08-11')), halfYearlyReturn, noon('2026-08-12')).outcome).toBe(
      'pass',
    );
  });

  test('a case that is begun is not sent, and one sent twice was sent with the first', () => {
    const begun = open('2026-07-02', { periodEnd: '2026-06-30' });
    expect(finding(register(begun), halfYearlyReturn, noon('2026-08-12')).outcome).toBe('fail');
    const { completed } = judgedRegister(
      halfYearlyReturn,
      office,
      register(sent('2026-06-30', '2026-09-01'), sent('2026-06-30', '2026-07-20')),
      emptyObligationMemory,
      now,
    );
    expect(completed).toEqual({ met: 1, late: 0, uncertain: 0 });
  });

  test('a return that was extended is due later', () => {
    const extended = open('2026-07-02', { periodEnd: '2026-06-30', isExtended: true });
    const obligation: Obligation = { ...halfYearlyReturn, extended: { kind: 'business_days', days: 40 } };
    expect(finding(register(extended), obligation, noon('2026-08-12'))).toMatchObject({
      reason: expect.stringMatching(/first due 2026-08-25/),
    });
  });

  test('a return that seems missing may be in a row that cannot be read', () => {
    const answer: RegisterAnswer = { cases: [], faults: ['returns.csv:2: column period_end'], asOf: now };
    expect(finding(answer, halfYearlyReturn).outcome).toBe('unknown');
  });
});

describe('what is remembered', () => {
  test('the counter of completed cases never falls', () => {
    const steps: readonly (readonly [RegisterAnswer, number, number])[] = [
      [
        register(done('2026-10-01', '2026-10-20'), done('2026-10-01', '2026-10-20'), done('2026-08-01', '2026-11-01')),
        2,
        1,
      ],
      // One is disposed of, one was entered late, and one is new.
      [
        register(done('2026-10-01', '2026-10-20'), done('2026-09-01', '2026-09-20'), done('2026-11-01', '2026-11-20')),
        4,
        1,
      ],
      [{ unreadable: 'gone' }, 4, 1],
      [register(), 4, 1],
      [register(done('2026-10-01', '2026-10-20'), done('2026-10-01', '2026-10-20')), 4, 1],
    ];
    let memory = emptyObligationMemory;
    for (const [answer, met, late] of steps) {
      const reading = judgedRegister(accessRequests, office, answer, memory, now);
      expect(reading.completed).toEqual({ met, late, uncertain: 0 });
      // As after a restart.
      memory = obligationMemory.parse(JSON.parse(JSON.stringify(reading.memory)));
    }
  });

  test('an open case that disappears is unknown until it is back, or until its deadline and a week have passed', () => {
    const first = judgedRegister(
      accessRequests,
      office,
      register(open('2026-11-20'), done('2026-10-01', '2026-10-02')),
      emptyObligationMemory,
      now,
    );
    expect(first.finding.outcome).toBe('pass');
    const gone = judgedRegister(accessRequests, office, register(), first.memory, now);
    expect(gone.finding).toMatchObject({
      outcome: 'unknown',
      reason: expect.stringMatching(/fewer cases of 2026-11-20 than were open/),
    });
    expect(judgedRegister(accessRequests, office, register(), gone.memory, noon('2026-12-21')).finding.outcome).toBe(
      'unknown',
    );
    expect(judgedRegister(accessRequests, office, register(), gone.memory, noon('2026-12-22')).finding.outcome).toBe(
      'pass',
    );
    const until = noon('2026-12-21').getTime() + 12 * 3_600_000 - 1;
    const at = (ms: number) => judgedRegister(accessRequests, office, register(), gone.memory, new Date(ms)).finding;
    expect([at(until).outcome, at(until + 1).outcome]).toEqual(['unknown', 'pass']);
    const back = judgedRegister(accessRequests, office, register(done('2026-11-20', '2026-11-30')), gone.memory, now);
    expect(back.finding.outcome).toBe('pass');
  });

  test('an overdue case that disappears is unknown for a week', () => {
    const overdue = judgedRegister(accessRequests, office, register(open('2026-10-01')), emptyObligationMemory, now);
    expect(overdue.finding.outcome).toBe('fail');
    const gone = judgedRegister(accessRequests, office, register(), overdue.memory, now);
    const later = (days: number) => new Date(now.getTime() + days * 86_400_000);
    const outcomes = [0, 7, 7.01].map(
      (days) => judgedRegister(accessRequests, office, register(), gone.memory, later(days)).finding.outcome,
    );
    expect(outcomes).toEqual(['unknown', 'unknown', 'pass']);
  });

  test('completed cases may go, and a row that cannot be read is not gone', () => {
    const first = judgedRegister(
      accessRequests,
      office,
      register(open('2026-11-20'), done('2026-10-01', '2026-10-02')),
      emptyObligationMemory,
      now,
    );
    expect(
      judgedRegister(accessRequests, office, register(open('2026-11-20')), first.memory, now).finding.outcome,
    ).toBe('pass');
    const unread = judgedRegister(
      accessRequests,
      office,
      { cases: [], faults: ['requests.csv:2: column x'], asOf: now },
      first.memory,
      now,
    );
    expect(unread.finding.reason).toBe('requests.csv:2: column x');
    expect(judgedRegister(accessRequests, office, register(), unread.memory, now).finding.outcome).toBe('unknown');
  });
});
