/** What becomes of findings: a function of the table as it was, which stays as it was. */
import { expect, test } from 'vitest';
import { newTableMemory } from '../../../../../../exporters/audit-trail/observer/tables/memory.js';
import { confirm } from '../../../../../../exporters/audit-trail/observer/verdict/confirming.js';
import type { Finding } from '../../../../../../exporters/audit-trail/observer/verdict/findings.js';
import { ownRecords as records } from '../../../../../support/audit-trail/domain.js';

const at = { maintenance: undefined, records: undefined, now: 1000 };

function finding(id: string, changes: Partial<Finding> = {}): Finding {
  return {
    table: 'public.accounts',
    kind: 'missing',
    operation: 'UPDATE',
    check: 'replay',
    id,
    key: '',
    detail: `detail of ${id}`,
    ...changes,
  };
}

test('a fault counts once, however often it is found, and the table before stays as it was', () => {
  const before = newTableMemory();
  const first = confirm(before, [finding('a'), finding('b', { kind: 'unexplained' }), finding('a')], at);
  expect(first.verdicts).toEqual(['confirmed', 'confirmed', 'confirmed']);
  expect(first.counted.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(first.table).toMatchObject({
    epochMissing: 1,
    confirmed: { since: 1000, counts: { missing: 1, unexplained: 1 }, ids: ['a', 'b'], last: 'detail of b' },
  });
  expect(before).toEqual(newTableMemory());
  const second = confirm(first.table, [finding('b'), finding('c')], { ...at, now: 2000 });
  expect(second.counted.map(({ id }) => id)).toEqual(['c']);
  expect(second.table.confirmed).toMatchObject({ since: 1000, counts: { missing: 2, unexplained: 1 } });
});

test('what a baseline accepted does not count', () => {
  const table = { ...newTableMemory(), accepted: { xid: '1', at: 1, ids: ['a'] } };
  expect(confirm(table, [finding('a')], at)).toEqual({ table, verdicts: ['accepted'], counted: [] });
});

test('declared maintenance explains findings', () => {
  const maintenance = { kind: 'maintenance', reason: 'ticket 7', by: 'ann', at: '', from: '', until: '' } as const;
  const { table, verdicts, counted } = confirm(newTableMemory(), [finding('a')], { ...at, maintenance });
  expect(verdicts).toEqual(['accepted']);
  expect(counted).toEqual([]);
  expect(table.explanation).toEqual({ reason: 'maintenance: ticket 7', at: 1000 });
});

test('an application may still write the record, until its time is over; continuity has waited already', () => {
  const late = { ...at, records: { ...records, writtenBy: 'application', maxWriteLagMs: 500 } as const };
  const first = confirm(newTableMemory(), [finding('a'), finding('b', { check: 'continuity' })], late);
  expect(first.verdicts).toEqual(['postponed', 'confirmed']);
  expect(confirm(first.table, [finding('a')], { ...late, now: 1400 }).verdicts).toEqual(['postponed']);
  expect(confirm(first.table, [finding('a')], { ...late, now: 1500 }).verdicts).toEqual(['confirmed']);
});

test('a finding whose kind is not known yet is postponed', () => {
  expect(confirm(newTableMemory(), [finding('a', { isUnclear: true })], at).verdicts).toEqual(['postponed']);
});
