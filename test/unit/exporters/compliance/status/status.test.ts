import { describe, expect, test } from 'vitest';
import { compareWith } from '../../../../../exporters/compliance/status/compare.js';
import { compareDecimals, decimalOf, isDecimal } from '../../../../../exporters/compliance/status/decimal.js';
import { type CheckFinding, unknownFinding } from '../../../../../exporters/compliance/status/finding.js';
import { runInlineTests } from '../../../../../exporters/compliance/status/inline-tests.js';
import { summarise } from '../../../../../exporters/compliance/status/roll-up.js';
import { settle } from '../../../../../exporters/compliance/status/settling.js';
import { judgeControl } from '../../../../../exporters/compliance/status/verdict.js';
import { withWaivers } from '../../../../../exporters/compliance/status/waiving.js';
import type { Control, ControlCheck, RawStatus, Waiver } from '../../../../../pack/compliance/model/index.js';
import { controlOf, promqlCheck } from '../../../../support/compliance/board.js';

const now = new Date('2026-03-03T12:00:00Z');
const london = { now, timeZone: 'Europe/London' };
const seen = (ageSeconds = 0) => ({
  value: '0',
  asOf: new Date(now.getTime() - ageSeconds * 1000),
  source: 'prometheus',
});
const pass = (ageSeconds = 0): CheckFinding => ({ outcome: 'pass', seen: seen(ageSeconds) });
const fail: CheckFinding = { outcome: 'fail', seen: seen(), reason: '3 is not == 0' };
const risk: CheckFinding = { outcome: 'at_risk', seen: seen(), reason: 'soon' };
const unknown = unknownFinding('prometheus', 'no series');

function statusOf(control: Control, found: Record<string, CheckFinding>) {
  return judgeControl(control, new Map(Object.entries(found)), london).verdict.status;
}
const two = controlOf([promqlCheck(), promqlCheck({ name: 'two' })]);

describe('numbers', () => {
  test.each([
    ['10000000000000001', '10000000000000000', 1],
    ['0.1', '0.10', 0],
    ['-1.5', '1e0', -1],
    ['1e-7', '0.0000001', 0],
    ['2.5E3', '2500', 0],
    ['-0', '0', 0],
  ] as const)('%s and %s', (left, right, order) => {
    expect(compareDecimals(left, right)).toBe(order);
  });

  test('that are none are refused', () => {
    for (const text of ['NaN', '+Inf', '', '1,5', '0x1', ' 1']) {
      expect(isDecimal(text)).toBe(false);
      expect(() => compareDecimals(text, '0')).toThrow('is no number');
    }
    expect(decimalOf(Number.NaN)).toBeUndefined();
    expect(decimalOf(-0)).toBe('0');
  });

  test.each([
    ['==', '1', '0', 'fail'],
    ['==', '0', '0', 'pass'],
    ['!=', '1', '0', 'pass'],
    ['!=', '0', '0', 'fail'],
    ['<', '0', '0', 'fail'],
    ['<', '-1', '0', 'pass'],
    ['<=', '0', '0', 'pass'],
    ['<=', '1', '0', 'fail'],
    ['>', '0', '0', 'fail'],
    ['>', '1', '0', 'pass'],
    ['>=', '0', '0', 'pass'],
    ['>=', '-1', '0', 'fail'],
  ] as const)('%s: %s against %s is %s', (operator, value, limit, outcome) => {
    expect(compareWith({ operator, limit: Number(limit) }, { ...seen(), value }).outcome).toBe(outcome);
  });

  test('that still pass may be at risk', () => {
    const expectation = { operator: '<=', limit: 10, warnLimit: 8 } as const;
    const of = (value: string) => compareWith(expectation, { ...seen(), value }).outcome;
    expect([of('8'), of('9'), of('10'), of('10.5')]).toEqual(['pass', 'at_risk', 'at_risk', 'fail']);
  });
});

describe('what is found of a control', () => {
  test.each([
    ['all pass', { one: pass(), two: pass() }, 'compliant'],
    ['one fails', { one: pass(), two: fail }, 'non_compliant'],
    ['one fails and one is unknown', { one: unknown, two: fail }, 'non_compliant'],
    ['one is unknown', { one: pass(), two: unknown }, 'unknown'],
    ['one is unknown and one at risk', { one: risk, two: unknown }, 'unknown'],
    ['one is at risk', { one: pass(), two: risk }, 'at_risk'],
    ['one was not evaluated', { one: pass() }, 'unknown'],
    ['nothing was evaluated', {}, 'unknown'],
    ['evidence is too old', { one: pass(), two: pass(601) }, 'unknown'],
    ['evidence is as old as it may be', { one: pass(600), two: pass() }, 'compliant'],
    ['a failure is too old to be one', { one: pass(), two: { ...fail, seen: seen(601) } }, 'unknown'],
    ['evidence is from the future', { one: pass(), two: pass(-61) }, 'unknown'],
    ['clocks differ a little', { one: pass(), two: pass(-60) }, 'compliant'],
  ] as const)('%s', (_what, found, status) => {
    expect(statusOf(two, found)).toBe(status);
  });

  test('without checks nothing shows that it is met', () => {
    expect(statusOf(controlOf([]), {})).toBe('unknown');
  });

  test('compliant holds the evidence of each check', () => {
    const { verdict } = judgeControl(
      two,
      new Map([
        ['one', pass(1)],
        ['two', pass(2)],
      ]),
      london,
    );
    expect(verdict).toEqual({ status: 'compliant', evidence: [seen(1), seen(2)] });
  });

  test.each([
    [{ effective: { from: '2026-03-04' } }, 'not_applicable'],
    [{ effective: { from: '2026-03-03' } }, 'non_compliant'],
    [{ effective: { to: '2026-03-02' } }, 'not_applicable'],
    [{ effective: { to: '2026-03-03' } }, 'non_compliant'],
    [{ applicability: { applies: false, reason: 'no client money', reviewBy: '2026-03-03' } }, 'not_applicable'],
    [{ applicability: { applies: false, reason: 'no client money', reviewBy: '2026-03-02' } }, 'unknown'],
  ] satisfies readonly [Partial<Control>, string][])('%j', (change, status) => {
    expect(statusOf(controlOf([promqlCheck()], change), { one: fail })).toBe(status);
  });

  test.each([
    [{ effective: { from: '2026-03-04' } }, pass(), 'compliant'],
    [{ effective: { from: '2026-03-04' } }, fail, 'non_compliant'],
    [{ effective: { from: '2026-03-04' } }, unknown, 'unknown'],
    [{ effective: { from: '2026-03-03' } }, pass(), undefined],
    [{ effective: { to: '2026-03-02' } }, pass(), undefined],
    [
      { effective: { from: '2026-03-04' }, applicability: { applies: false, reason: 'r', reviewBy: '2026-03-04' } },
      pass(),
      undefined,
    ],
  ] satisfies readonly [Partial<Control>, CheckFinding, string | undefined][])(
    '%j would be what its checks say',
    (change, found, prospect) => {
      const judged = judgeControl(controlOf([promqlCheck()], change), new Map([['one', found]]), london);
      expect(judged.prospect).toBe(prospect);
    },
  );

  test('days are those of the board: at midnight in London a control begins to apply, and not at midnight in UTC', () => {
    const control = controlOf([promqlCheck()], { effective: { from: '2026-06-02' } });
    const at = (instant: string) =>
      judgeControl(control, new Map(), { now: new Date(instant), timeZone: 'Europe/London' });
    expect(at('2026-06-01T22:59:59Z').verdict).toMatchObject({ status: 'not_applicable', comingFrom: '2026-06-02' });
    expect(at('2026-06-01T23:00:00Z').verdict.status).toBe('unknown');
  });
});

describe('a composite', () => {
  const members = ['a', 'b', 'c'].map((name) => promqlCheck({ name }));
  const either: ControlCheck = {
    kind: 'composite',
    name: 'either',
    title: 'Two of three',
    unit: 'count',
    failsAfterMs: 0,
    of: ['a', 'b', 'c'],
    atLeast: 2,
  };
  test.each([
    [{ a: pass(), b: pass(), c: fail }, 'compliant'],
    [{ a: pass(), b: fail, c: fail }, 'non_compliant'],
    [{ a: pass(), b: unknown, c: fail }, 'unknown'],
    [{ a: pass(), b: pass(), c: unknown }, 'compliant'],
    [{ a: pass(), b: risk, c: fail }, 'at_risk'],
    [{ a: unknown, b: fail, c: fail }, 'non_compliant'],
  ] as const)('%#: counts its members, which do not count by themselves', (found, status) => {
    expect(statusOf(controlOf([...members, either]), found)).toBe(status);
  });
});

describe('a waiver', () => {
  const waiver: Waiver = {
    id: 'W-1',
    control: 'AUD-02',
    reason: 'r',
    compensating: 'c',
    requestedBy: 'a',
    approvedBy: 'b',
    approvedOn: '2026-03-01',
    expiresOn: '2026-03-03',
    coversUnknown: false,
  };
  test.each([
    ['non_compliant', {}, 'waived'],
    ['at_risk', {}, 'waived'],
    ['unknown', {}, 'unknown'],
    ['unknown', { coversUnknown: true }, 'waived'],
    ['compliant', {}, 'compliant'],
    ['not_applicable', {}, 'not_applicable'],
    ['non_compliant', { expiresOn: '2026-03-02' }, 'non_compliant'],
    ['non_compliant', { approvedOn: '2026-03-04' }, 'non_compliant'],
    ['non_compliant', { control: 'AUD-03' }, 'non_compliant'],
  ] satisfies readonly [RawStatus, Partial<Waiver>, string][])('%s with %j is %s', (raw, change, status) => {
    expect(withWaivers('AUD-02', raw, [{ ...waiver, ...change }], london).status).toBe(status);
  });

  test('ends at the end of its last day, in the time zone of the board', () => {
    const at = (instant: string) =>
      withWaivers('AUD-02', 'non_compliant', [{ ...waiver, expiresOn: '2026-06-01' }], {
        now: new Date(instant),
        timeZone: 'Europe/London',
      }).status;
    expect(at('2026-06-01T22:59:59Z')).toBe('waived');
    expect(at('2026-06-01T23:00:00Z')).toBe('non_compliant');
  });
});

describe('a failure that has to last', () => {
  const check = promqlCheck({ failsAfterMs: 120_000 });
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

  test('counts when evaluations have found it for that long, and recovery counts at once', () => {
    const first = settle(check, fail, undefined, now);
    expect(first.finding.outcome).toBe('at_risk');
    const second = settle(check, fail, first.failingSince, later(119));
    expect(second.finding.outcome).toBe('at_risk');
    const third = settle(check, fail, second.failingSince, later(120));
    expect(third.finding).toBe(fail);
    expect(settle(check, pass(), third.failingSince, later(121))).toEqual({ finding: pass(), failingSince: undefined });
  });

  test('is not ended by what is unknown in between', () => {
    const first = settle(check, fail, undefined, now);
    const second = settle(check, unknown, first.failingSince, later(60));
    expect(second.finding).toBe(unknown);
    expect(settle(check, fail, second.failingSince, later(120)).finding).toBe(fail);
  });

  test('counts also when the clock was set back', () => {
    const first = settle(check, fail, undefined, later(86_400));
    const second = settle(check, fail, first.failingSince, now);
    expect(settle(check, fail, second.failingSince, later(120)).finding).toBe(fail);
  });
});

describe('an area', () => {
  const of = (status: Parameters<typeof summarise>[0][number]['status'], severity: Control['severity'] = 'high') =>
    ({ area: 'audit_requirements', severity, status, hasFreshEvidence: status !== 'unknown' }) as const;

  test('keeps waived and unknown controls in the denominator', () => {
    const summary = summarise([of('compliant'), of('waived'), of('unknown'), of('not_applicable', 'critical')]);
    expect(summary).toMatchObject({ applicable: 3, score: 1 / 3, worst: 'unknown', freshRatio: 2 / 3 });
  });

  test('weighs by severity', () => {
    expect(summarise([of('compliant', 'critical'), of('non_compliant', 'low')]).score).toBe(10 / 11);
  });

  test('has no score where nothing applies', () => {
    expect(summarise([of('not_applicable')])).toMatchObject({ applicable: 0, score: undefined, freshRatio: undefined });
    expect(summarise([])).toMatchObject({ score: undefined, worst: undefined });
  });
});

describe('known answers', () => {
  test('go through what judges real values', () => {
    const control = controlOf([promqlCheck({ expect: { operator: '<=', limit: 10, warnLimit: 8 } })], {
      // Neither dates nor exclusions are what they are about.
      effective: { to: '2000-01-01' },
      applicability: { applies: false, reason: 'r', reviewBy: '2000-01-01' },
      tests: [
        { given: { one: 8 }, want: 'compliant' },
        { given: { one: 9 }, want: 'at_risk' },
        { given: { one: 11 }, want: 'non_compliant' },
        { given: {}, want: 'unknown' },
        { given: { one: 11 }, want: 'compliant' },
      ],
    });
    expect(runInlineTests(control).map(({ isRight }) => isRight)).toEqual([true, true, true, true, false]);
  });

  test.each([
    [
      { kind: 'freshness', source: { kind: 'promql', query: 'x' }, maxAgeSeconds: 100, warnAgeSeconds: 80 },
      [
        [80, 'compliant'],
        [81, 'at_risk'],
        [101, 'non_compliant'],
      ],
    ],
    [
      { kind: 'attestation', everyMonths: 12, leadDays: 30 },
      [
        [30, 'compliant'],
        [29, 'at_risk'],
        [-1, 'unknown'],
      ],
    ],
    [
      { kind: 'deadline', obligation: 'o' },
      [
        [0, 'compliant'],
        [0.5, 'at_risk'],
        [1, 'non_compliant'],
      ],
    ],
    [
      { kind: 'imported', source: 'i', identifiers: ['x'] },
      [
        [0, 'compliant'],
        [2, 'non_compliant'],
      ],
    ],
  ] as const)('of %j', (kind, answers) => {
    const check: ControlCheck = { name: 'one', title: 'One', unit: 'count', failsAfterMs: 0, ...kind };
    const tests = answers.map(([value, want]) => ({ given: { one: value }, want }));
    expect(runInlineTests(controlOf([check], { tests })).map(({ got }) => got)).toEqual(
      answers.map(([, want]) => want),
    );
  });
});
