import { describe, expect, test } from 'vitest';
import { Settling } from '../../../../../../exporters/audit-trail/observer/checks/counters/invariants.js';
import { mayBeConverted, sameValue } from '../../../../../../exporters/audit-trail/observer/checks/images.js';
import { gapsIn } from '../../../../../../exporters/audit-trail/observer/checks/retention.js';

describe('two texts of one column', () => {
  test.each([
    [
      'one instant in two zones',
      '"2026-03-29T01:30:00+01:00"',
      '"2026-03-29T00:30:00+00:00"',
      'timestamp with time zone',
      true,
    ],
    [
      'one microsecond apart',
      '"2026-03-29T01:30:00.000001+01:00"',
      '"2026-03-29T00:30:00+00:00"',
      'timestamp with time zone',
      false,
    ],
    ['trailing zeros', '12.50', '12.5', 'numeric', true],
    ['a number and its text, after a change of type', '5', '"5"', 'text', true],
    ['beyond what a double can tell', '10000000000000001', '10000000000000000', 'numeric', false],
    ['fewer float digits', '0.3', '0.30000000000000004', 'double precision', true],
    ['another float', '0.3', '0.30000000001', 'double precision', false],
    ['the same digits of a numeric', '0.3', '0.30000000000000004', 'numeric', false],
    ['null and an empty text', 'null', '""', 'text', false],
    ['null and zero', 'null', '0', 'integer', false],
    ['minus nothing', '-0.0', '0', 'numeric', true],
    ['an interval in two styles', '"1 day 02:00:00"', '"P1DT2H"', 'interval', true],
    ['of opposite signs', '"1 year 2 mons -3 days +04:05:06.7"', '"+1-2 -3 +4:05:06.7"', 'interval', true],
    ['all of it negative', '"-3 days -04:05:06"', '"-3 4:05:06"', 'interval', true],
    [
      'in many words',
      '"-1 years -2 mons +3 days -04:00:00"',
      '"@ 1 year 2 mons -3 days 4 hours ago"',
      'interval',
      true,
    ],
    ['no time at all', '"00:00:00"', '"@ 0"', 'interval', true],
    ['no time at all, by two standards', '"PT0S"', '"0"', 'interval', true],
    ['a part of a second', '"-00:00:00.5"', '"PT-0.5S"', 'interval', true],
    ['a day and its hours', '"1 day"', '"24:00:00"', 'interval', false],
    ['another sign', '"1 day 02:00:00"', '"P-1DT2H"', 'interval', false],
    ['a minute for a month', '"P1M"', '"PT1M"', 'interval', false],
    ['money of two countries', '"$1,234.50"', '"1.234,50 €"', 'money', true],
    ['money that is owed', '"-$1,234.50"', '"($1,234.50)"', 'money', true],
    ['owed and owned', '"-$1,234.50"', '"$1,234.50"', 'money', false],
    ['other money', '"$1,234.50"', '"$1,234.05"', 'money', false],
    ['objects', '{"a": 1}', '{"a": 2}', 'jsonb', false],
    ['digits of a text', '"0012345"', '"12345"', 'text', false],
    ['digits of a text, and a number', '"1.50"', '1.5', 'text', false],
    ['trailing zeros of a text', '"1.50"', '"1.5"', 'character varying', false],
    ['trailing zeros of a number kept as text', '"1.50"', '"1.5"', 'numeric', true],
    ['instants in a text', '"2026-03-29T01:30:00+01:00"', '"2026-03-29T00:30:00+00:00"', 'text', false],
    ['digits in json', '"007"', '"7"', 'jsonb', false],
    ['digits of a column that is gone', '"007"', '"7"', undefined, false],
    ['instants of one', '"2026-03-29T01:30:00+01:00"', '"2026-03-29T00:30:00+00:00"', undefined, true],
    ['texts', '"a"', '"A"', 'text', false],
  ])('%s', (_, a, b, type, same) => {
    expect(sameValue(a, b, { type })).toBe(same);
    expect(sameValue(b, a, { type })).toBe(same);
  });
});

test('an instant that became a text is still the same one, and a number that did not is not', () => {
  const redefined = { type: 'text', wasRedefined: true };
  expect(sameValue('"2026-03-29T01:30:00+01:00"', '"2026-03-29 00:30:00+00"', redefined)).toBe(true);
  expect(sameValue('12.50', '"12.50"', redefined)).toBe(true);
  expect(sameValue('"007"', '"7"', redefined)).toBe(false);
});

test.each([
  ['12.75', '13', true],
  ['12.75', '0', false],
  ['"12.75"', '1275', false],
  ['"2026-03-29T00:30:00+00:00"', '"2026-03-29T09:30:00"', true],
  ['"2026-03-29T00:30:00+00:00"', '"2026-04-29T00:30:00"', false],
  ['"n1"', '"fine"', true],
  ['"n1"', '["n1"]', true],
  ['null', '7', true],
])('%s may have become %s by a change of type: %s', (a, b, may) => {
  expect(mayBeConverted(a, b)).toBe(may);
});

describe('a residual', () => {
  const at = (settling: Settling, ...values: readonly (readonly [number, number])[]) => {
    for (const [ms, value] of values) settling.add(ms, { operations_calls: value });
    return settling.settled()?.operations_calls;
  };

  test.each([
    [
      'is not known before the window is spanned',
      [
        [0, 1],
        [5000, 1],
      ],
      undefined,
    ],
    [
      'lasts',
      [
        [0, 1],
        [6000, 1],
        [12_000, 1],
      ],
      1,
    ],
    [
      'passes',
      [
        [0, 1],
        [6000, 0],
        [12_000, 1],
      ],
      0,
    ],
    [
      'is what is common when others come and go',
      [
        [0, 3],
        [6000, 1],
        [12_000, 5],
      ],
      1,
    ],
    [
      'may be negative',
      [
        [0, -2],
        [12_000, -3],
      ],
      -2,
    ],
    [
      'that changes sign is no lasting one',
      [
        [0, 1],
        [12_000, -1],
      ],
      0,
    ],
  ] as const)('%s', (_, values, expected) => {
    expect(at(new Settling(11_000), ...values)).toBe(expected);
  });

  test('beyond what is allowed for', () => {
    const settling = new Settling(0);
    settling.add(0, { operations_calls: 5 });
    expect(settling.settled({ operations_calls: 5 })).toEqual({ operations_calls: 0 });
    expect(settling.settled({ operations_calls: 3 }, { operations_calls: 1 })).toEqual({ operations_calls: 1 });
  });
});

describe('partitions', () => {
  const month = (from: string, to: string) => `FOR VALUES FROM ('${from}') TO ('${to}')`;

  test.each([
    ['one after the other', [month('2026-02-01', '2026-03-01'), month('2026-01-01', '2026-02-01')], 0],
    ['one is gone', [month('2026-01-01', '2026-02-01'), month('2026-03-01', '2026-04-01')], 1],
    [
      'with times, and a default',
      [
        month('2026-01-01 00:00:00+00', '2026-02-01 00:00:00+00'),
        month('2026-02-01 00:00:00+00', '2026-03-01 00:00:00+00'),
        'DEFAULT',
      ],
      0,
    ],
    ['by number', [month('1', '100'), month('200', '300')], 1],
  ])('%s', (_, bounds, gaps) => {
    expect(gapsIn(bounds)).toBe(gaps);
  });
});
