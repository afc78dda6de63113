import { expect, test } from 'vitest';
import { DueTurns } from '../../../../exporters/workflow/due-turns.js';
import { job } from '../../../support/workflow/domain.js';

const described = job('http://127.0.0.1:1', { workflow: { schedule: { intervalMs: 60_000 } } });
const name = `${described.workflow.name}@${described.portal.name}`;
let now = 0;
const minutes = (count: number) => {
  now += count * 60_000;
};
const nobody = () => false;
const everybody = () => true;

function begun(): DueTurns {
  const due = new DueTurns(() => now);
  due.configure([described]);
  due.begin();
  return due;
}

test('without a death no turn is lost, however long a turn takes', () => {
  const due = begun();
  minutes(5);
  expect(due.lost(nobody)).toEqual([]);
  expect(due.booked(name, 1)).toBeUndefined();
});

test('the first turn after a death tells how many were lost before it', () => {
  const due = begun();
  due.booked(name, 1);
  due.interrupt();
  minutes(1.3);
  expect(due.booked(name, 1)).toBeUndefined();
  due.interrupt();
  minutes(4.1);
  // Two of them are booked as dropped.
  expect(due.booked(name, 2)?.count).toBe(2);
  minutes(3);
  expect(due.booked(name, 1)).toBeUndefined();
});

test('where no turn comes, they are told as time passes, and none twice', () => {
  const due = begun();
  due.booked(name, 1);
  due.interrupt();
  minutes(1.9);
  expect(due.lost(nobody)).toEqual([]);
  minutes(3);
  expect(due.lost(nobody)).toMatchObject([{ count: 3 }]);
  expect(due.lost(nobody)).toEqual([]);
  minutes(1.1);
  due.interrupt();
  expect(due.booked(name, 1)?.count).toBe(2);
});

test('a workflow that is left out loses each turn when it is due', () => {
  const due = begun();
  due.interrupt();
  let lost = 0;
  for (let tick = 0; tick < 100; tick += 1) {
    minutes(0.1);
    lost += due.lost(everybody)[0]?.count ?? 0;
  }
  expect(lost).toBe(10);
});

test('a changed workflow starts without lost turns, an unchanged one keeps them', () => {
  const due = begun();
  due.interrupt();
  minutes(3);
  due.configure([described]);
  expect(due.lost(everybody)).toMatchObject([{ count: 3 }]);
  minutes(3);
  due.configure([{ ...described, workflow: { ...described.workflow, slaSeconds: 9 } }]);
  expect(due.lost(everybody)).toEqual([]);
});
