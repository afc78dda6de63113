import { expect, test } from 'vitest';
import { OwedTurns } from '../../../../exporters/workflow/owed-turns.js';
import { job } from '../../../support/workflow/domain.js';

const described = job('http://127.0.0.1:1', { workflow: { schedule: { intervalMs: 60_000 } } });
const name = `${described.workflow.name}@${described.portal.name}`;
let now = 0;
const minutes = (count: number) => {
  now += count * 60_000;
};
const nobody = () => false;
const everybody = () => true;

function begun(): OwedTurns {
  const owed = new OwedTurns(() => now);
  owed.configure([described]);
  owed.begin();
  return owed;
}

test('without a death nothing is owed, however long a turn lets one wait', () => {
  const owed = begun();
  minutes(5);
  expect(owed.lost(nobody)).toEqual([]);
  expect(owed.booked(name, 1)).toBeUndefined();
});

test('the first turn after a death tells how many were lost before it', () => {
  const owed = begun();
  owed.booked(name, 1);
  owed.interrupt();
  minutes(1.3);
  expect(owed.booked(name, 1)).toBeUndefined();
  owed.interrupt();
  minutes(4.1);
  // Two of them are booked as dropped.
  expect(owed.booked(name, 2)?.count).toBe(2);
  minutes(3);
  expect(owed.booked(name, 1)).toBeUndefined();
});

test('where no turn comes, they are told as time passes, and none twice', () => {
  const owed = begun();
  owed.booked(name, 1);
  owed.interrupt();
  minutes(1.9);
  expect(owed.lost(nobody)).toEqual([]);
  minutes(3);
  expect(owed.lost(nobody)).toMatchObject([{ count: 3 }]);
  expect(owed.lost(nobody)).toEqual([]);
  minutes(1.1);
  owed.interrupt();
  expect(owed.booked(name, 1)?.count).toBe(2);
});

test('whoever is left out loses each turn as it is due', () => {
  const owed = begun();
  owed.interrupt();
  let lost = 0;
  for (let tick = 0; tick < 100; tick += 1) {
    minutes(0.1);
    lost += owed.lost(everybody)[0]?.count ?? 0;
  }
  expect(lost).toBe(10);
});

test('a changed workflow owes nothing of before, one that did not change still does', () => {
  const owed = begun();
  owed.interrupt();
  minutes(3);
  owed.configure([described]);
  expect(owed.lost(everybody)).toMatchObject([{ count: 3 }]);
  minutes(3);
  owed.configure([{ ...described, workflow: { ...described.workflow, slaSeconds: 9 } }]);
  expect(owed.lost(everybody)).toEqual([]);
});
