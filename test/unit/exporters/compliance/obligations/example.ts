import type { Obligation } from '../../../../../pack/compliance/model/index.js';
import type { Calendar } from '../../../../../pack/index.js';

export const office: Calendar = {
  name: 'office',
  timeZone: 'Europe/London',
  weekdays: [1, 2, 3, 4, 5],
  opensMinute: 8 * 60,
  closesMinute: 18 * 60,
  holidays: 'england-and-wales',
  overrides: {},
};

export const accessRequests: Obligation = {
  name: 'access-requests',
  title: 'Access requests are answered',
  ruleText: 'one calendar month from receipt, rolled to a working day',
  rule: { kind: 'months', months: 1, rolls: true },
  extended: { kind: 'months', months: 3, rolls: true },
  leadSeconds: 5 * 86_400,
  calendar: 'office',
  conservative: false,
  register: { kind: 'file', path: 'requests.csv', format: 'csv' },
};

export const halfYearlyReturn: Obligation = {
  ...accessRequests,
  name: 'complaints-return',
  title: 'The complaints return is sent',
  ruleText: '30 business days after the end of the half-year',
  rule: { kind: 'business_days', days: 30 },
  schedule: { periodEnds: '2026-06-30', everyMonths: 6 },
};
