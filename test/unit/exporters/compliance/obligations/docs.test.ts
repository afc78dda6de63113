import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dayFromIso } from '../../../../../exporters/compliance/obligations/deadlines/day.js';
import { caseDeadline, returnDeadline } from '../../../../../exporters/compliance/obligations/deadlines/deadline.js';
import type { DeadlineRule } from '../../../../../pack/compliance/model/index.js';
import { office } from './example.js';

const rules: Readonly<Record<string, DeadlineRule>> = {
  'one month, rolls': { kind: 'months', months: 1, rolls: true },
  'three months from the start, rolls': { kind: 'months', months: 3, rolls: true },
  '30 days beginning with the receipt': { kind: 'days', days: 30, startIsDayOne: true, rolls: false },
  '8 weeks (56 days)': { kind: 'days', days: 56, startIsDayOne: false, rolls: false },
  '30 working days after the end of a period': { kind: 'business_days', days: 30 },
};
const page = readFileSync('docs/obligations.md', 'utf8');
const examples = [...page.matchAll(/^\| ([^|]+) \| (\d{4}-\d\d-\d\d) \| (\d{4}-\d\d-\d\d) \|$/gm)];

test('the worked examples of the page are what is computed', () => {
  expect(examples.length).toBeGreaterThan(8);
  expect(new Set(examples.map(([, name]) => name))).toEqual(new Set(Object.keys(rules)));
  for (const [line, name = '', started = '', lastDay] of examples) {
    const rule = rules[name] ?? { kind: 'hours', hours: 0 };
    const terms = { rule, conservative: false };
    const found = { startedAt: new Date(`${started}T10:00:00Z`), isExtended: false, stopped: [] };
    const due = name.includes('period')
      ? returnDeadline(terms, office, dayFromIso(started))
      : caseDeadline(terms, office, found, found.startedAt);
    expect(due, line).toMatchObject({ lastDay });
  }
});
